package echotest

import "strconv"

// ErrorCode is an error code of the plugin, for errors.Is:
//
//	errors.Is(err, echotest.ErrorInvalidSDP)
type ErrorCode int

// The error codes of the plugin.
const (
	ErrorNoMessage      ErrorCode = 411
	ErrorInvalidJSON    ErrorCode = 412
	ErrorInvalidElement ErrorCode = 413
	ErrorInvalidSDP     ErrorCode = 414
)

func (c ErrorCode) Error() string { return Name + ": error " + strconv.Itoa(int(c)) }

// PluginCode returns the plugin and the code, for janus.PluginError.Is.
func (c ErrorCode) PluginCode() (string, int) { return Name, int(c) }
