package recordplay

import "strconv"

// ErrorCode is an error code of the plugin, for errors.Is:
//
//	errors.Is(err, recordplay.ErrorNotFound)
type ErrorCode int

// The error codes of the plugin.
const (
	ErrorNoMessage        ErrorCode = 411
	ErrorInvalidJSON      ErrorCode = 412
	ErrorInvalidRequest   ErrorCode = 413 // the request is not known
	ErrorInvalidElement   ErrorCode = 414 // a field is of the wrong type or out of range
	ErrorMissingElement   ErrorCode = 415 // a mandatory field or the jsep is missing
	ErrorNotFound         ErrorCode = 416 // there is no such recording
	ErrorInvalidRecording ErrorCode = 417 // the files of the recording cannot be read
	ErrorInvalidState     ErrorCode = 418 // the handle neither records nor plays
	ErrorInvalidSDP       ErrorCode = 419
	ErrorRecordingExists  ErrorCode = 420 // the id is in use
	ErrorUnauthorized     ErrorCode = 440 // the admin key is wrong; since 1.3.1
	ErrorUnknown          ErrorCode = 499 // any other error
)

func (c ErrorCode) Error() string { return Name + ": error " + strconv.Itoa(int(c)) }

// PluginCode returns the plugin and the code, for janus.PluginError.Is.
func (c ErrorCode) PluginCode() (string, int) { return Name, int(c) }
