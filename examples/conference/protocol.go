package main

import (
	"encoding/json"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/videoroom"
)

const (
	// maxMessage is the size limit of a message of a browser, in bytes. An SDP offer
	// of a browser has about 10 kB.
	maxMessage = 64 << 10

	maxName = 64 // characters of a name, bytes of a type or a room
)

// id is the id of a room or of a participant. It is a string in the protocol, because
// JavaScript has no integers above 2^53. Numbers are accepted, too.
type id struct{ plugin.ID }

func (i id) MarshalJSON() ([]byte, error) { return json.Marshal(i.String()) }

func (i *id) UnmarshalJSON(b []byte) error {
	if err := i.ID.UnmarshalJSON(b); err != nil {
		return err
	}
	if text := i.String(); text != "" {
		return i.UnmarshalText([]byte(text)) // "1234" is the number 1234
	}
	return nil
}

// kind is what a stream shows. It is the description of the stream in the VideoRoom.
type kind string

const (
	microphone kind = "microphone"
	camera     kind = "camera"
	screen     kind = "screen"
)

func (k kind) valid() bool { return k == microphone || k == camera || k == screen }

// kindOf returns the kind of an audio or video stream of any publisher, who may have
// given it another description.
func kindOf(media videoroom.MediaType, description string) kind {
	switch {
	case media == videoroom.Audio:
		return microphone
	case kind(description) == screen:
		return screen
	}
	return camera
}

// The two PeerConnections of a browser.
const (
	upward   = "up"
	downward = "down"
)

// message is a message of a browser. Type says which fields matter.
type message struct {
	Type string `json:"type"`

	// join and operator
	Room     id     `json:"room"`
	Name     string `json:"name"`
	Resume   string `json:"resume"`
	Password string `json:"password"`

	// publish, answer, candidate, restart and layer
	SDP       string              `json:"sdp"`
	Streams   []sentStream        `json:"streams"`
	Offer     int                 `json:"offer"` // its number
	PC        string              `json:"pc"`
	Candidate *janus.ICECandidate `json:"candidate"` // nil: there are no more
	Mid       string              `json:"mid"`
	Substream int                 `json:"substream"`

	// state and quality
	Microphone *bool `json:"microphone"`
	Camera     *bool `json:"camera"`
	Poor       bool  `json:"poor"`

	// kick and mute
	Participant id   `json:"participant"`
	Kind        kind `json:"kind"`
	Muted       bool `json:"muted"`
}

// loggable reports whether the parts of a message that are logged and repeated are short.
func (m *message) loggable() bool { return len(m.Type) <= maxName && len(m.Room.String()) <= maxName }

// sentStream is a stream that a browser sends.
type sentStream struct {
	Mid  string `json:"mid"`
	Kind kind   `json:"kind"`
}

// person is what everybody in a room knows about a participant.
type person struct {
	ID         id     `json:"id"`
	Name       string `json:"name"`
	Microphone bool   `json:"microphone"`
	Camera     bool   `json:"camera"`
	Screen     bool   `json:"screen"`
	Talking    bool   `json:"talking"`
	Poor       bool   `json:"poor"`
	Muted      []kind `json:"muted"` // by the operator
}

// The messages to a browser.
type (
	welcomeMessage struct {
		Type         string      `json:"type"`
		ID           id          `json:"id"`
		Token        string      `json:"token"`
		Room         id          `json:"room"`
		Name         string      `json:"name"`
		ICEServers   []iceServer `json:"iceServers"`
		Participants []person    `json:"participants"`
		Resumed      bool        `json:"resumed"`
	}
	iceServer struct {
		URLs []string `json:"urls"`
	}
	participantMessage struct {
		Type        string `json:"type"`
		Room        id     `json:"room"`
		Participant person `json:"participant"`
	}
	leftMessage struct {
		Type   string `json:"type"`
		Room   id     `json:"room"`
		ID     id     `json:"id"`
		Reason ending `json:"reason"`
	}
	answerMessage struct {
		Type  string `json:"type"`
		Offer int    `json:"offer,omitempty"` // that of the publish
		SDP   string `json:"sdp"`
	}
	offerMessage struct {
		Type    string           `json:"type"`
		Offer   int              `json:"offer"`
		SDP     string           `json:"sdp"`
		Streams []receivedStream `json:"streams"`
		Fresh   bool             `json:"fresh"` // of a new PeerConnection
	}
	receivedStream struct {
		Mid         string `json:"mid"`
		Participant id     `json:"participant"`
		Kind        kind   `json:"kind"`
		Simulcast   bool   `json:"simulcast"`
	}
	candidateMessage struct {
		Type      string              `json:"type"`
		PC        string              `json:"pc"`
		Candidate *janus.ICECandidate `json:"candidate"`
	}
	layerMessage struct {
		Type      string `json:"type"`
		Mid       string `json:"mid"`
		Substream int    `json:"substream"`
	}
	pcMessage struct {
		Type   string `json:"type"`
		PC     string `json:"pc"`
		State  string `json:"state"`
		Reason string `json:"reason,omitempty"`
	}
	noticeMessage struct {
		Type    string `json:"type"` // waiting, restart or ended
		Reason  ending `json:"reason,omitempty"`
		Message string `json:"message,omitempty"`
	}
	roomsMessage struct {
		Type  string       `json:"type"`
		Rooms []roomPeople `json:"rooms"`
	}
	roomPeople struct {
		Room         id       `json:"room"`
		Participants []person `json:"participants"`
	}
)

// problem is an error that is shown to a person.
type problem struct {
	Type    string `json:"type"`
	Code    string `json:"code"`
	Message string `json:"message"`
	Re      string `json:"re,omitempty"` // the type of the message that failed
}

func (p *problem) Error() string { return p.Code + ": " + p.Message }

func newProblem(code, message string) *problem {
	return &problem{Type: "error", Code: code, Message: message}
}

var (
	errRoomFull   = newProblem("room-full", "This room is full. Try again when somebody has left.")
	errTooMany    = newProblem("room-full", "Too many people are here. Try again later.")
	errNoRoom     = newProblem("no-room", "There is no such room. Check the address.")
	errNotAllowed = newProblem("not-allowed", "This room belongs to another program, which does not allow this.")
	errBadName    = newProblem("bad-name", "Enter a name of up to 64 characters, without control characters.")
	errJoinFirst  = newProblem("bad-message", "Join the room first.")
	errBadMessage = newProblem("bad-message", "The page and the program do not understand each other. Reload the page.")
	errJanus      = newProblem("janus", "The conference server has refused this. Try again, or reload the page.")
)

// problemOf returns what a person is told about an error of a message of a type.
func problemOf(err error, re string) *problem {
	p := *publicError(err)
	p.Re = re
	return &p
}

func publicError(err error) *problem {
	var known *problem
	switch {
	case errors.As(err, &known):
		return known
	case errors.Is(err, videoroom.ErrorNoSuchRoom):
		return errNoRoom
	case errors.Is(err, videoroom.ErrorPublishersFull):
		return errRoomFull
	case errors.Is(err, videoroom.ErrorUnauthorized), errors.Is(err, videoroom.ErrorMissingElement):
		return errNotAllowed // a PIN or a secret that this program does not have
	}
	return errJanus
}

// cleanName returns a name without spaces around it.
func cleanName(name string) (string, error) {
	name = strings.TrimSpace(name)
	if name == "" || utf8.RuneCountInString(name) > maxName || strings.ContainsFunc(name, confusing) {
		return "", errBadName
	}
	return name, nil
}

// confusing reports whether a character can make a name, or what stands after it, look
// like another one.
func confusing(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }
