// Package limit has the bounds that the tests of this module and the report share.
package limit

const (
	KeepAliveAllocations = 0.1 // a collection in between may empty the pools once
	KeepAliveBytes       = 64
	MessageAllocations   = 12   // of a Message and the small event that answers it
	EventAllocations     = 20   // of a VideoRoom event of about 380 bytes
	EventBytes           = 1500 // of the same
	HandleBytes          = 420  // of an idle handle, with its share of maps
	Goroutines           = 2    // of a Gateway, however many sessions and handles it has
)
