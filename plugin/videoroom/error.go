package videoroom

import "strconv"

// ErrorCode is an error code of the plugin, for errors.Is:
//
//	errors.Is(err, videoroom.ErrorNoSuchRoom)
type ErrorCode int

// The error codes of the plugin.
const (
	ErrorNoMessage        ErrorCode = 421
	ErrorInvalidJSON      ErrorCode = 422
	ErrorInvalidRequest   ErrorCode = 423 // unknown request, or one that the handle's role does not allow
	ErrorJoinFirst        ErrorCode = 424
	ErrorAlreadyJoined    ErrorCode = 425
	ErrorNoSuchRoom       ErrorCode = 426
	ErrorRoomExists       ErrorCode = 427
	ErrorNoSuchFeed       ErrorCode = 428 // no such participant, stream, forwarder or remote publisher
	ErrorMissingElement   ErrorCode = 429
	ErrorInvalidElement   ErrorCode = 430
	ErrorInvalidSDPType   ErrorCode = 431
	ErrorPublishersFull   ErrorCode = 432
	ErrorUnauthorized     ErrorCode = 433 // wrong secret, PIN, token, admin key or private ID
	ErrorAlreadyPublished ErrorCode = 434
	ErrorNotPublished     ErrorCode = 435
	ErrorIDExists         ErrorCode = 436
	ErrorInvalidSDP       ErrorCode = 437
	ErrorInvalidFeed      ErrorCode = 438 // end-to-end encrypted and plain feeds do not mix; since 1.2.2
	ErrorUnknown          ErrorCode = 499
)

func (c ErrorCode) Error() string { return Name + ": error " + strconv.Itoa(int(c)) }

// PluginCode returns the plugin and the code, for janus.PluginError.Is.
func (c ErrorCode) PluginCode() (string, int) { return Name, int(c) }
