package eventhandler

import (
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"time"
)

// id is the id of a session or a handle. Janus writes ids from 2^63 on as
// negative numbers.
type id struct {
	number    uint64
	malformed bool
}

var errID = errors.New("an id is not a 64-bit integer")

// UnmarshalJSON returns no error: encoding/json would leave out the members after
// the id.
func (i *id) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return nil
	}
	if n, err := strconv.ParseUint(string(b), 10, 64); err == nil {
		i.number = n
		return nil
	}
	n, err := strconv.ParseInt(string(b), 10, 64)
	if err != nil {
		i.malformed = true
		return nil
	}
	i.number = uint64(n)
	return nil
}

// milliseconds is a duration that is a number of milliseconds in JSON.
type milliseconds time.Duration

func (d *milliseconds) UnmarshalJSON(b []byte) error {
	return decodeDuration((*time.Duration)(d), b, time.Millisecond)
}

func (d milliseconds) MarshalJSON() ([]byte, error) {
	return encodeDuration(time.Duration(d), time.Millisecond), nil
}

// seconds is a duration that is a number of seconds in JSON.
type seconds time.Duration

func (d *seconds) UnmarshalJSON(b []byte) error {
	return decodeDuration((*time.Duration)(d), b, time.Second)
}

func (d seconds) MarshalJSON() ([]byte, error) {
	return encodeDuration(time.Duration(d), time.Second), nil
}

var errDuration = errors.New("a duration is not a number")

// decodeDuration decodes a number of units. A null leaves d as it is. The
// longest durations stand for longer ones.
func decodeDuration(d *time.Duration, b []byte, unit time.Duration) error {
	if string(b) == "null" {
		return nil
	}
	n, err := strconv.ParseFloat(string(b), 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return errDuration
	}
	switch n *= float64(unit); {
	case n >= math.MaxInt64:
		*d = math.MaxInt64
	case n <= math.MinInt64:
		*d = math.MinInt64
	default:
		*d = time.Duration(n)
	}
	return nil
}

func encodeDuration(d, unit time.Duration) []byte {
	return strconv.AppendFloat(nil, float64(d)/float64(unit), 'f', -1, 64)
}

// plainMediaState is MediaState without its methods.
type plainMediaState MediaState

// wireMediaState is MediaState as Janus sends it.
type wireMediaState struct {
	*plainMediaState
	Silence seconds `json:"seconds,omitempty"`
}

// UnmarshalJSON decodes Silence from a number of seconds.
func (s *MediaState) UnmarshalJSON(b []byte) error {
	wire := wireMediaState{(*plainMediaState)(s), seconds(s.Silence)}
	err := json.Unmarshal(b, &wire)
	s.Silence = time.Duration(wire.Silence)
	return err
}

// MarshalJSON encodes Silence as a number of seconds.
func (s MediaState) MarshalJSON() ([]byte, error) {
	return json.Marshal(wireMediaState{(*plainMediaState)(&s), seconds(s.Silence)})
}

// plainMediaStats is MediaStats without its methods.
type plainMediaStats MediaStats

// wireMediaStats is MediaStats as Janus sends them.
type wireMediaStats struct {
	*plainMediaStats
	RTT          milliseconds `json:"rtt,omitempty"`
	JitterLocal  milliseconds `json:"jitter-local,omitempty"`
	JitterRemote milliseconds `json:"jitter-remote,omitempty"`
}

// UnmarshalJSON decodes the durations from numbers of milliseconds.
func (s *MediaStats) UnmarshalJSON(b []byte) error {
	wire := s.wire()
	err := json.Unmarshal(b, &wire)
	s.RTT = time.Duration(wire.RTT)
	s.JitterLocal = time.Duration(wire.JitterLocal)
	s.JitterRemote = time.Duration(wire.JitterRemote)
	return err
}

// MarshalJSON encodes the durations as numbers of milliseconds.
func (s MediaStats) MarshalJSON() ([]byte, error) { return json.Marshal(s.wire()) }

func (s *MediaStats) wire() wireMediaStats {
	return wireMediaStats{
		(*plainMediaStats)(s),
		milliseconds(s.RTT), milliseconds(s.JitterLocal), milliseconds(s.JitterRemote),
	}
}

// plainServerUpdate is ServerUpdate without its methods.
type plainServerUpdate ServerUpdate

// wireServerUpdate is ServerUpdate as Janus sends it.
type wireServerUpdate struct {
	*plainServerUpdate
	StatsPeriod seconds `json:"stats-period"`
}

// UnmarshalJSON decodes StatsPeriod from a number of seconds.
func (u *ServerUpdate) UnmarshalJSON(b []byte) error {
	wire := wireServerUpdate{(*plainServerUpdate)(u), seconds(u.StatsPeriod)}
	err := json.Unmarshal(b, &wire)
	u.StatsPeriod = time.Duration(wire.StatsPeriod)
	return err
}

// MarshalJSON encodes StatsPeriod as a number of seconds.
func (u ServerUpdate) MarshalJSON() ([]byte, error) {
	return json.Marshal(wireServerUpdate{(*plainServerUpdate)(&u), seconds(u.StatsPeriod)})
}
