package audiobridge

import "strconv"

// ErrorCode is an error code of the plugin, for errors.Is:
//
//	errors.Is(err, audiobridge.ErrorNoSuchRoom)
type ErrorCode int

// The error codes of the plugin.
const (
	ErrorNoMessage      ErrorCode = 480
	ErrorInvalidJSON    ErrorCode = 481
	ErrorInvalidRequest ErrorCode = 482 // the request is not known or not supported
	ErrorMissingElement ErrorCode = 483 // a mandatory field is missing
	ErrorInvalidElement ErrorCode = 484 // a field is of the wrong type or out of range
	ErrorNoSuchRoom     ErrorCode = 485
	ErrorRoomExists     ErrorCode = 486
	ErrorNotJoined      ErrorCode = 487 // the handle is not in a room
	ErrorLibopusError   ErrorCode = 488
	ErrorUnauthorized   ErrorCode = 489 // a secret, PIN, token or admin key is wrong
	ErrorIDExists       ErrorCode = 490 // the id of a participant or an announcement is in use
	ErrorAlreadyJoined  ErrorCode = 491 // the handle is in a room
	ErrorNoSuchUser     ErrorCode = 492
	ErrorInvalidSDP     ErrorCode = 493
	ErrorNoSuchGroup    ErrorCode = 494
	ErrorUnknown        ErrorCode = 499 // any other error, such as a sampling rate that is not supported
)

func (c ErrorCode) Error() string { return Name + ": error " + strconv.Itoa(int(c)) }

// PluginCode returns the plugin and the code, for janus.PluginError.Is.
func (c ErrorCode) PluginCode() (string, int) { return Name, int(c) }
