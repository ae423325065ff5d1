package streaming

import "strconv"

// ErrorCode is an error code of the plugin, for errors.Is:
//
//	errors.Is(err, streaming.ErrorNoSuchMountpoint)
type ErrorCode int

// The error codes of the plugin.
const (
	ErrorNoMessage        ErrorCode = 450
	ErrorInvalidJSON      ErrorCode = 451
	ErrorInvalidRequest   ErrorCode = 452 // the request is not known, or not possible with the mountpoint
	ErrorMissingElement   ErrorCode = 453 // a mandatory field is missing
	ErrorInvalidElement   ErrorCode = 454 // a field is of the wrong type or out of range
	ErrorNoSuchMountpoint ErrorCode = 455 // it does not exist or is disabled, or the handle watches none
	ErrorCantCreate       ErrorCode = 456 // the id or a port is in use, a file is missing, and the like
	ErrorUnauthorized     ErrorCode = 457 // a secret, PIN or admin key is wrong
	ErrorCantSwitch       ErrorCode = 458 // one of the mountpoints is not of RTP
	ErrorCantRecord       ErrorCode = 459
	ErrorInvalidState     ErrorCode = 460 // the handle watches another mountpoint, or the same already
	ErrorInvalidSDP       ErrorCode = 461 // since 1.1.4
	ErrorUnknown          ErrorCode = 470 // any other error
)

func (c ErrorCode) Error() string { return Name + ": error " + strconv.Itoa(int(c)) }

// PluginCode returns the plugin and the code, for janus.PluginError.Is.
func (c ErrorCode) PluginCode() (string, int) { return Name, int(c) }
