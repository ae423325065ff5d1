package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	janus "github.com/cameronelliott/janus-go"
)

// Info returns what the server says about itself: its version, settings, plugins,
// transports and event handlers (info). It needs no secret.
func (c *Client) Info(ctx context.Context) (*janus.InfoMsg, error) {
	var raw json.RawMessage
	if err := c.do(ctx, &request{janus: "info"}, nil, "server_info", &raw); err != nil {
		return nil, err
	}
	info := &janus.InfoMsg{Raw: raw}
	if err := json.Unmarshal(raw, info); err != nil {
		return nil, fmt.Errorf("admin: info: answer not understood: %w", err)
	}
	return info, nil
}

// Ping asks whether Janus answers (ping). It needs no secret.
func (c *Client) Ping(ctx context.Context) error {
	return c.do(ctx, &request{janus: "ping"}, nil, "pong", nil)
}

// Status has the settings that can be changed while the server runs.
type Status struct {
	TokenAuth             bool          `json:"token_auth"`              // whether requests of the Janus API need a token
	SessionTimeout        time.Duration `json:"session_timeout"`         // see SetGlobalSessionTimeout
	ReclaimSessionTimeout time.Duration `json:"reclaim_session_timeout"` // how long a session without a connection waits to be claimed
	CandidatesTimeout     time.Duration `json:"candidates_timeout"`      // how long remote candidates are kept before the offer
	LogLevel              LogLevel      `json:"log_level"`
	LogTimestamps         bool          `json:"log_timestamps"`
	LogColors             bool          `json:"log_colors"`
	LogRotateSignal       int           `json:"log_rotate_sig"` // number of the signal that reopens the log file; 0: none; since 1.3.2
	LockingDebug          bool          `json:"locking_debug"`
	RefcountDebug         bool          `json:"refcount_debug"`
	LibniceDebug          bool          `json:"libnice_debug"`      // gone since 1.3.2
	MinNACKQueue          time.Duration `json:"min_nack_queue"`     // see SetMinNACKQueue
	NACKOptimizations     bool          `json:"nack-optimizations"` // see SetNACKOptimizations
	NoMediaTimer          time.Duration `json:"no_media_timer"`     // see SetNoMediaTimer
	SlowLinkThreshold     int           `json:"slowlink_threshold"` // see SetSlowLinkThreshold

	// Raw is the status as it was received, in the units of Janus.
	Raw json.RawMessage `json:"-"`
}

// plainStatus is a Status as Janus sends it, in Janus's units.
type plainStatus Status

// UnmarshalJSON decodes the status that Janus sends.
func (s *Status) UnmarshalJSON(b []byte) error {
	if err := json.Unmarshal(b, (*plainStatus)(s)); err != nil {
		return err
	}
	scale(time.Second, &s.SessionTimeout, &s.ReclaimSessionTimeout, &s.CandidatesTimeout, &s.NoMediaTimer)
	scale(time.Millisecond, &s.MinNACKQueue)
	s.Raw = append(json.RawMessage(nil), b...)
	return nil
}

// scale turns numbers of units into durations.
func scale(unit time.Duration, numbers ...*time.Duration) {
	for _, n := range numbers {
		*n *= unit
	}
}

// Status returns the settings that can be changed while the server runs
// (get_status).
func (c *Client) Status(ctx context.Context) (*Status, error) {
	var a struct{ Status *Status }
	if err := c.global(ctx, "get_status", nil, &a); err != nil {
		return nil, err
	}
	if a.Status == nil {
		return nil, errors.New("admin: get_status: the answer has no status")
	}
	return a.Status, nil
}

// units returns d in a unit of Janus, rounded up. It fails if d is negative, or if
// there are more units than the type that Janus keeps them in can hold: Janus would
// take another time without an error.
func units(d, unit time.Duration, limit int64) (int64, error) {
	if d < 0 {
		return 0, fmt.Errorf("%v is negative", d)
	}
	n := int64(d / unit)
	if d%unit > 0 {
		n++
	}
	if n > limit {
		return 0, fmt.Errorf("%v is longer than %d times %v", d, limit, unit)
	}
	return n, nil
}

// setDuration sends a request that sets a duration.
func (c *Client) setDuration(ctx context.Context, name, field string, d, unit time.Duration, limit int64) error {
	n, err := units(d, unit, limit)
	if err != nil {
		return invalid(name, err)
	}
	return c.global(ctx, name, members{field: n}, nil)
}

// SetGlobalSessionTimeout sets how long a session lives without requests, unless
// SetSessionTimeout has set another time for it (set_session_timeout). It is
// rounded up to whole seconds, at most 2^31-1; 0 means forever.
func (c *Client) SetGlobalSessionTimeout(ctx context.Context, timeout time.Duration) error {
	return c.setDuration(ctx, "set_session_timeout", "timeout", timeout, time.Second, math.MaxInt32)
}

// LogLevel is the level of Janus's log, LogNone to LogDebug. A level includes those
// before it.
type LogLevel int

// The levels of Janus's log.
const (
	LogNone LogLevel = iota
	LogFatal
	LogError
	LogWarning
	LogInfo
	LogVerbose
	LogHuge
	LogDebug
)

var logLevels = [...]string{"none", "fatal", "error", "warning", "info", "verbose", "huge", "debug"}

// String returns the name of the level, such as "info".
func (l LogLevel) String() string {
	if l < 0 || int(l) >= len(logLevels) {
		return "LogLevel(" + strconv.Itoa(int(l)) + ")"
	}
	return logLevels[l]
}

// SetLogLevel sets the level of Janus's log (set_log_level). LogHuge and LogDebug
// write about every packet.
func (c *Client) SetLogLevel(ctx context.Context, level LogLevel) error {
	return c.global(ctx, "set_log_level", members{"level": level}, nil)
}

// SetLogTimestamps sets whether lines of the log have a time
// (set_log_timestamps).
func (c *Client) SetLogTimestamps(ctx context.Context, on bool) error {
	return c.global(ctx, "set_log_timestamps", members{"timestamps": on}, nil)
}

// SetLogColors sets whether the log is colored (set_log_colors).
func (c *Client) SetLogColors(ctx context.Context, on bool) error {
	return c.global(ctx, "set_log_colors", members{"colors": on}, nil)
}

// SetLockingDebug sets whether each locking of a mutex is logged, for developers of
// Janus (set_locking_debug).
func (c *Client) SetLockingDebug(ctx context.Context, on bool) error {
	return c.global(ctx, "set_locking_debug", members{"debug": on}, nil)
}

// SetRefcountDebug sets whether each change of a reference count is logged, for
// developers of Janus (set_refcount_debug).
func (c *Client) SetRefcountDebug(ctx context.Context, on bool) error {
	return c.global(ctx, "set_refcount_debug", members{"debug": on}, nil)
}

// SetLibniceDebug sets whether libnice, which does ICE, writes debug output
// (set_libnice_debug). The request is gone since Janus 1.3.2, which answers
// janus.ErrorInvalidRequestPath: set the variables NICE_DEBUG and
// G_MESSAGES_DEBUG of Janus's environment there.
func (c *Client) SetLibniceDebug(ctx context.Context, on bool) error {
	return c.global(ctx, "set_libnice_debug", members{"debug": on}, nil)
}

// SetMinNACKQueue sets the minimum time that Janus keeps sent packets for
// retransmission (set_min_nack_queue). It is rounded up to whole milliseconds,
// at most 65535.
func (c *Client) SetMinNACKQueue(ctx context.Context, d time.Duration) error {
	return c.setDuration(ctx, "set_min_nack_queue", "min_nack_queue", d, time.Millisecond, math.MaxUint16)
}

// SetNACKOptimizations sets whether the packets that Janus keeps for
// retransmission are dropped at a keyframe (set_nack_optimizations).
func (c *Client) SetNACKOptimizations(ctx context.Context, on bool) error {
	return c.global(ctx, "set_nack_optimizations", members{"nack_optimizations": on}, nil)
}

// SetNoMediaTimer sets how long a medium must be silent before Janus sends a media
// event (set_no_media_timer). It is rounded up to whole seconds; 0 means never.
func (c *Client) SetNoMediaTimer(ctx context.Context, d time.Duration) error {
	return c.setDuration(ctx, "set_no_media_timer", "no_media_timer", d, time.Second, math.MaxUint32)
}

// SetSlowLinkThreshold sets how many packets must be lost in a second for Janus to
// send a slowlink event (set_slowlink_threshold). 0 means never.
func (c *Client) SetSlowLinkThreshold(ctx context.Context, packets int) error {
	return c.global(ctx, "set_slowlink_threshold", members{"slowlink_threshold": packets}, nil)
}

// AcceptNewSessions sets whether new sessions can be created
// (accept_new_sessions). If not, clients get janus.ErrorNotAcceptingSessions when
// they create one, and existing sessions go on. Use it to drain a server.
func (c *Client) AcceptNewSessions(ctx context.Context, accept bool) error {
	return c.global(ctx, "accept_new_sessions", members{"accept": accept}, nil)
}

// ListSessions returns the ids of all sessions, in no order (list_sessions).
func (c *Client) ListSessions(ctx context.Context) ([]uint64, error) {
	var a struct{ Sessions []uint64 }
	err := c.global(ctx, "list_sessions", nil, &a)
	return a.Sessions, err
}

// CustomEvent sends an event of type 4 (external) to the event handlers of Janus
// (custom_event). schema is the application's name for the kind of event, and data
// is anything that encoding/json marshals to an object. Without event handlers the
// request has no effect.
func (c *Client) CustomEvent(ctx context.Context, schema string, data any) error {
	return c.global(ctx, "custom_event", members{"schema": schema, "data": data}, nil)
}

// CustomLogLine writes a line to the log of Janus (custom_logline). level is one of
// LogFatal to LogDebug; the line is written only if the level of the log, which
// SetLogLevel sets, includes it.
func (c *Client) CustomLogLine(ctx context.Context, level LogLevel, line string) error {
	const name = "custom_logline"
	if level < LogFatal || level > LogDebug {
		return invalid(name, fmt.Errorf("a line cannot have the level %v", level))
	}
	return c.global(ctx, name, members{"line": line, "level": level}, nil)
}

// Resolved is the answer to ResolveAddress.
type Resolved struct {
	IP      string        `json:"ip"`
	Elapsed time.Duration `json:"elapsed"` // how long it took, to the microsecond
}

// ResolveAddress makes the server resolve a host name (resolve_address). If it
// cannot, the error has the code janus.ErrorUnknown. Janus carries out no other
// request meanwhile, except for messages to plugins.
func (c *Client) ResolveAddress(ctx context.Context, address string) (*Resolved, error) {
	a := new(Resolved)
	if err := c.global(ctx, "resolve_address", members{"address": address}, a); err != nil {
		return nil, err
	}
	scale(time.Microsecond, &a.Elapsed)
	return a, nil
}

// STUNTest is the request of TestSTUN.
type STUNTest struct {
	Address   string // host name or IP address of the STUN server
	Port      int    // its UDP port; mandatory
	LocalPort int    // the UDP port to send from; 0: any
}

// STUNResult is the answer to TestSTUN.
type STUNResult struct {
	PublicIP   string        `json:"public_ip"` // of Janus, as the STUN server sees it
	PublicPort int           `json:"public_port"`
	Elapsed    time.Duration `json:"elapsed"` // how long it took, to the microsecond
}

// TestSTUN makes the server ask a STUN server for its public address (test_stun).
// If there is no answer within five seconds, the error has the code
// janus.ErrorUnknown. Janus carries out no other request meanwhile, except for
// messages to plugins: its clients may have to wait for five seconds.
func (c *Client) TestSTUN(ctx context.Context, q STUNTest) (*STUNResult, error) {
	fields := members{"address": q.Address, "port": q.Port}
	if q.LocalPort != 0 {
		fields["localport"] = q.LocalPort
	}
	a := new(STUNResult)
	if err := c.global(ctx, "test_stun", fields, a); err != nil {
		return nil, err
	}
	scale(time.Microsecond, &a.Elapsed)
	return a, nil
}

// Loop is an event loop of the server, which the media of several handles share.
type Loop struct {
	ID      int `json:"id"`
	Handles int `json:"handles"` // how many
}

// LoopsInfo returns the event loops (loops_info). There are none unless event_loops
// is set in janus.jcfg: each handle then has its own.
func (c *Client) LoopsInfo(ctx context.Context) ([]Loop, error) {
	var a struct{ Loops []Loop }
	err := c.global(ctx, "loops_info", nil, &a)
	return a.Loops, err
}
