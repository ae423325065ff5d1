package videocall

import "strconv"

// ErrorCode is an error code of the plugin, for errors.Is:
//
//	errors.Is(err, videocall.ErrorNoSuchUsername)
type ErrorCode int

// The error codes of the plugin.
const (
	ErrorNoMessage         ErrorCode = 470
	ErrorInvalidJSON       ErrorCode = 471
	ErrorInvalidRequest    ErrorCode = 472 // the request is not known
	ErrorRegisterFirst     ErrorCode = 473
	ErrorInvalidElement    ErrorCode = 474 // a field is of the wrong type or out of range
	ErrorMissingElement    ErrorCode = 475 // a mandatory field is missing
	ErrorUsernameTaken     ErrorCode = 476
	ErrorAlreadyRegistered ErrorCode = 477 // the handle has a username
	ErrorNoSuchUsername    ErrorCode = 478
	ErrorUseEchoTest       ErrorCode = 479 // the callee is the caller
	ErrorAlreadyInCall     ErrorCode = 480
	ErrorNoCall            ErrorCode = 481 // there is no call to accept
	ErrorMissingSDP        ErrorCode = 482
	ErrorInvalidSDP        ErrorCode = 483
	ErrorUnknown           ErrorCode = 499
)

func (c ErrorCode) Error() string { return Name + ": error " + strconv.Itoa(int(c)) }

// PluginCode returns the plugin and the code, for janus.PluginError.Is.
func (c ErrorCode) PluginCode() (string, int) { return Name, int(c) }
