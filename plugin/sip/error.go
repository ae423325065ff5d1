package sip

import "strconv"

// ErrorCode is an error code of the plugin, for errors.Is:
//
//	errors.Is(err, sip.ErrorAlreadyRegistered)
//
// Janus forgets to set the code if there is no call for Transfer, Recording,
// Info, Message without a URI, DTMFInfo, Keyframe or SendRinging: such errors
// are ErrorCode(0) and not ErrorWrongState.
type ErrorCode int

// The error codes of the plugin.
const (
	ErrorNoMessage         ErrorCode = 440
	ErrorInvalidJSON       ErrorCode = 441
	ErrorInvalidRequest    ErrorCode = 442
	ErrorMissingElement    ErrorCode = 443
	ErrorInvalidElement    ErrorCode = 444
	ErrorAlreadyRegistered ErrorCode = 445
	ErrorInvalidAddress    ErrorCode = 446
	ErrorWrongState        ErrorCode = 447
	ErrorMissingSDP        ErrorCode = 448 // or one that Janus cannot use
	ErrorLibSofiaError     ErrorCode = 449 // of Janus's SIP stack
	ErrorIOError           ErrorCode = 450
	ErrorRecordingError    ErrorCode = 451
	ErrorTooStrict         ErrorCode = 452 // SDESMandatory, but the peer does not offer SRTP
	ErrorHelperError       ErrorCode = 453
	ErrorNoSuchCallID      ErrorCode = 454
	ErrorNoSuchStream      ErrorCode = 455 // since 1.4.0
	ErrorUnknown           ErrorCode = 499
)

func (c ErrorCode) Error() string { return Name + ": error " + strconv.Itoa(int(c)) }

// PluginCode returns the plugin and the code, for janus.PluginError.Is.
func (c ErrorCode) PluginCode() (string, int) { return Name, int(c) }
