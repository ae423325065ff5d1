package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/cameronelliott/janus-go/eventhandler"
)

const (
	// maxEvents is how many events are kept.
	maxEvents = 1000

	// maxBody is how large the body of an event may be, in bytes, to be kept.
	maxBody = 4096

	// maxBatch is how many events a page gets in one message.
	maxBatch = 200
)

// entry is an event as pages get it.
type entry struct {
	ID      uint64          `json:"id"`
	Time    int64           `json:"time"` // Unix ms
	Server  string          `json:"server"`
	Type    string          `json:"type"`
	Kind    string          `json:"kind"`
	Session string          `json:"session"`
	Handle  string          `json:"handle"`
	Text    string          `json:"text"`
	Event   json.RawMessage `json:"event"` // null if it is large
}

// stream has the newest events of all servers. Its methods may be called concurrently.
type stream struct {
	mu    sync.Mutex
	count uint64 // of events ever added
	kept  [maxEvents]entry
}

// names are the types of events that can be seen.
var names = map[eventhandler.Type]string{
	eventhandler.TypeSession:   "session",
	eventhandler.TypeHandle:    "handle",
	eventhandler.TypeExternal:  "external",
	eventhandler.TypeJSEP:      "jsep",
	eventhandler.TypeWebRTC:    "webrtc",
	eventhandler.TypeMedia:     "media",
	eventhandler.TypePlugin:    "plugin",
	eventhandler.TypeTransport: "transport",
	eventhandler.TypeCore:      "core",
}

// add adds an event, unless it is not of interest to a person.
func (s *stream) add(server string, e *eventhandler.Event) {
	if ownNoise(e) {
		return
	}
	added := entry{
		Time:    unixMilli(e.Timestamp),
		Server:  server,
		Type:    names[e.Type],
		Kind:    e.Kind(),
		Session: idText(e.Session),
		Handle:  idText(e.Handle),
		Text:    strings.Clone(cut(describe(e.Body), 2*maxText)), // not a part of something large
		Event:   eventBody(e),
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	added.ID = s.count
	s.kept[s.count%maxEvents] = added
	s.count++
}

// ownNoise reports whether an event is one of many that say nothing in words:
// statistics, of which there are plots, and requests to the Admin API, such as those
// of this program.
func ownNoise(e *eventhandler.Event) bool {
	switch body := e.Body.(type) {
	case *eventhandler.MediaStats, *eventhandler.ServerUpdate:
		return true
	case *eventhandler.TransportEvent:
		return body.Data.AdminAPI
	}
	return false
}

// idText returns an id as pages get it: numbers of 64 bits are too large for
// JavaScript.
func idText(id uint64) string {
	if id == 0 {
		return ""
	}
	return fmt.Sprint(id)
}

// eventBody returns the body of an event as Janus sent it, without tokens, or nil if
// it is large.
func eventBody(e *eventhandler.Event) json.RawMessage {
	var event struct {
		Event json.RawMessage `json:"event"`
	}
	if len(e.Raw) > maxBody || json.Unmarshal(e.Raw, &event) != nil {
		return nil
	}
	return withoutTokens(event.Event)
}

// withoutTokens returns an object without its member "token", with which its handle
// was attached, which is a secret.
func withoutTokens(object json.RawMessage) json.RawMessage {
	if !bytes.Contains(object, []byte(`"token"`)) {
		return object
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(object, &members) != nil {
		return nil
	}
	delete(members, "token")
	cleared, err := json.Marshal(members)
	if err != nil {
		return nil
	}
	return cleared
}

// describe returns what happened, in words.
func describe(body eventhandler.Body) string {
	switch body := body.(type) {
	case *eventhandler.SessionEvent:
		return "session " + string(body.Change)
	case *eventhandler.HandleEvent:
		return fmt.Sprintf("%s %s %s", body.Change, body.Plugin, body.OpaqueID)
	case *eventhandler.CustomEvent:
		return "custom event " + body.Schema
	case *eventhandler.JSEPEvent:
		return fmt.Sprintf("%s %s", body.Owner, body.JSEP.Type)
	case *eventhandler.MediaState:
		if body.Receiving {
			return fmt.Sprintf("receives %s (mid %s)", body.Media, body.Mid)
		}
		return fmt.Sprintf("receives no %s (mid %s)", body.Media, body.Mid)
	case *eventhandler.SlowLink:
		return fmt.Sprintf("slow link: %d packets of %s lost in a second, %s (mid %s)", body.Lost, body.Media, body.Direction, body.Mid)
	case *eventhandler.PluginEvent:
		return describePlugin(body)
	case *eventhandler.TransportEvent:
		return fmt.Sprintf("%s %s %s", body.Transport, body.Data.Event, body.Data.IP)
	case *eventhandler.ServerStarted:
		return "Janus " + body.Info.VersionString + " has started"
	case *eventhandler.ServerShutdown:
		return fmt.Sprintf("Janus ends (signal %d)", body.Signal)
	case *eventhandler.Unknown:
		return "an event of an unknown kind"
	}
	return describeWebRTC(body)
}

// describeWebRTC is describe for events of PeerConnections.
func describeWebRTC(body eventhandler.Body) string {
	switch body := body.(type) {
	case *eventhandler.ICEState:
		return "ICE " + string(body.State)
	case *eventhandler.LocalCandidate:
		return "local candidate " + body.Candidate
	case *eventhandler.RemoteCandidate:
		return "remote candidate " + body.Candidate
	case *eventhandler.SelectedPair:
		return "selected pair " + body.Pair
	case *eventhandler.DTLSState:
		return "DTLS " + string(body.State)
	case *eventhandler.PeerConnectionState:
		if body.State == eventhandler.WebRTCUp {
			return "PeerConnection up"
		}
		return strings.TrimSpace("PeerConnection closed " + body.Reason)
	}
	return ""
}

// describePlugin returns the name of the plugin and of its event, if it has one.
func describePlugin(body *eventhandler.PluginEvent) string {
	var data struct {
		Event string `json:"event"`
	}
	_ = json.Unmarshal(body.Data, &data) // not all plugins name their events
	return strings.TrimSpace(strings.TrimPrefix(body.Plugin, "janus.plugin.") + " " + data.Event)
}

// filter says which events a page wants.
type filter struct {
	server string
	types  []string // nil: all
	search words
}

func (f *filter) matches(e *entry) bool {
	return isServer(f.server, e.Server) &&
		(f.types == nil || slices.Contains(f.types, e.Type)) &&
		f.search.match(e.Server, e.Kind, e.Session, e.Handle, e.Text)
}

// since returns the newest events from the number first on that a filter matches, at
// most maxBatch, how many older ones it has skipped, and the number of the next event.
func (s *stream) since(first uint64, f *filter) (found []entry, skipped int, next uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.count > maxEvents && first < s.count-maxEvents {
		first = s.count - maxEvents
	}
	for n := s.count; n > first; n-- {
		e := &s.kept[(n-1)%maxEvents]
		switch {
		case !f.matches(e):
		case len(found) == maxBatch:
			skipped++
		default:
			found = append(found, *e)
		}
	}
	slices.Reverse(found)
	return found, skipped, s.count
}
