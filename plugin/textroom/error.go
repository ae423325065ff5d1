package textroom

import "strconv"

// ErrorCode is an error code of the plugin, for errors.Is:
//
//	errors.Is(err, textroom.ErrorNoSuchRoom)
type ErrorCode int

// The error codes of the plugin.
const (
	ErrorNoMessage      ErrorCode = 411
	ErrorInvalidJSON    ErrorCode = 412
	ErrorMissingElement ErrorCode = 413 // a mandatory field is missing
	ErrorInvalidElement ErrorCode = 414 // a field is of the wrong type or out of range
	ErrorInvalidRequest ErrorCode = 415 // the request is not known, or belongs to the other API
	ErrorAlreadySetup   ErrorCode = 416 // Setup was sent before, or Restart was sent without it
	ErrorNoSuchRoom     ErrorCode = 417
	ErrorRoomExists     ErrorCode = 418
	ErrorUnauthorized   ErrorCode = 419 // a secret, PIN, token or admin key is wrong
	ErrorUsernameExists ErrorCode = 420 // the username is in use in the room
	ErrorAlreadyInRoom  ErrorCode = 421
	ErrorNotInRoom      ErrorCode = 422
	ErrorNoSuchUser     ErrorCode = 423
	ErrorUnknown        ErrorCode = 499 // any other error, such as permanent without a configuration file
)

func (c ErrorCode) Error() string { return Name + ": error " + strconv.Itoa(int(c)) }

// PluginCode returns the plugin and the code, for janus.PluginError.Is.
func (c ErrorCode) PluginCode() (string, int) { return Name, int(c) }
