package nosip

import "strconv"

// ErrorCode is an error code of the plugin, for errors.Is:
//
//	errors.Is(err, nosip.ErrorInvalidSDP)
type ErrorCode int

// The error codes of the plugin.
const (
	ErrorNoMessage      ErrorCode = 440
	ErrorInvalidJSON    ErrorCode = 441
	ErrorInvalidRequest ErrorCode = 442
	ErrorMissingElement ErrorCode = 443
	ErrorInvalidElement ErrorCode = 444
	ErrorWrongState     ErrorCode = 445
	ErrorMissingSDP     ErrorCode = 446 // or one that Janus cannot parse
	ErrorInvalidSDP     ErrorCode = 447 // no audio and video, or no address for them
	ErrorIOError        ErrorCode = 448
	ErrorRecordingError ErrorCode = 449
	ErrorTooStrict      ErrorCode = 450 // SDESMandatory, but the other side does not offer SRTP
	ErrorNoSuchStream   ErrorCode = 451 // since 1.4.0
	ErrorUnknown        ErrorCode = 499
)

func (c ErrorCode) Error() string { return Name + ": error " + strconv.Itoa(int(c)) }

// PluginCode returns the plugin and the code, for janus.PluginError.Is.
func (c ErrorCode) PluginCode() (string, int) { return Name, int(c) }
