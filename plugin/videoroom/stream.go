package videoroom

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/cameronelliott/janus-go/plugin"
)

// MediaType is the type of a stream.
type MediaType string

// The types of streams.
const (
	Audio MediaType = "audio"
	Video MediaType = "video"
	Data  MediaType = "data"
)

// Codec is an audio or a video codec.
type Codec string

// The codecs that the plugin knows.
const (
	Opus      Codec = "opus"
	MultiOpus Codec = "multiopus"
	OpusRED   Codec = "red"
	ISAC32    Codec = "isac32"
	ISAC16    Codec = "isac16"
	PCMU      Codec = "pcmu"
	PCMA      Codec = "pcma"
	G722      Codec = "g722"
	L16       Codec = "l16"
	L16At48   Codec = "l16-48"

	VP8  Codec = "vp8"
	VP9  Codec = "vp9"
	H264 Codec = "h264"
	AV1  Codec = "av1"
	H265 Codec = "h265"
)

// Codecs is a list of up to five codecs, the preferred one first.
type Codecs []Codec

// MarshalText returns the codecs separated by commas.
func (c Codecs) MarshalText() ([]byte, error) {
	var text []byte
	for i, codec := range c {
		if i > 0 {
			text = append(text, ',')
		}
		text = append(text, codec...)
	}
	return text, nil
}

// UnmarshalText splits text at its commas.
func (c *Codecs) UnmarshalText(text []byte) error {
	*c = nil
	if len(text) == 0 {
		return nil
	}
	for name := range strings.SplitSeq(string(text), ",") {
		*c = append(*c, Codec(name))
	}
	return nil
}

// Publisher is a participant that publishes.
type Publisher struct {
	ID         plugin.ID       `json:"id"`
	Display    string          `json:"display,omitempty"`
	Metadata   json.RawMessage `json:"metadata,omitempty"`    // any JSON object; since 1.3.0
	Dummy      bool            `json:"dummy,omitempty"`       // a publisher of the room without media; see Create.DummyPublisher
	AudioCodec Codec           `json:"audio_codec,omitempty"` // of the first audio stream
	VideoCodec Codec           `json:"video_codec,omitempty"` // of the first video stream
	Streams    []Stream        `json:"streams"`
	Talking    bool            `json:"talking,omitempty"` // whether one of the audio streams is talking; in Joined only
}

// Attendee is a participant that does not publish.
type Attendee struct {
	ID       plugin.ID       `json:"id"`
	Display  string          `json:"display,omitempty"`
	Metadata json.RawMessage `json:"metadata,omitempty"` // any JSON object; since 1.3.0
}

// Stream is a stream of a publisher, of a subscription or of a remote publisher.
// The fields that do not apply have their zero value.
type Stream struct {
	Type        MediaType `json:"type"`
	Mindex      int       `json:"mindex"`                // index of the m-line in the SDP
	Mid         string    `json:"mid"`                   // mid of the m-line in the SDP
	Codec       Codec     `json:"codec,omitempty"`       // empty for data and disabled streams
	Description string    `json:"description,omitempty"` // set by the publisher
	Disabled    bool      `json:"disabled,omitempty"`    // nothing is sent; Type, Mindex and Mid alone are set

	Stereo bool `json:"stereo,omitempty"` // Opus only
	FEC    bool `json:"fec,omitempty"`    // Opus only
	DTX    bool `json:"dtx,omitempty"`    // Opus only

	// H264Profile and VP9Profile are the profile-level-id and the profile-id of
	// the codec: "42e01f" and "0", for instance.
	H264Profile string `json:"h264_profile,omitempty"`
	VP9Profile  string `json:"vp9_profile,omitempty"`

	Simulcast Simulcast `json:"simulcast,omitzero"`
	SVC       SVC       `json:"svc,omitzero"`

	Moderated bool `json:"moderated,omitempty"` // muted by a moderator
	Talking   bool `json:"talking,omitempty"`   // in Joined only, if the publisher sends audio levels

	// IDs of RTP header extensions, 0 if they are not negotiated. They are set
	// in Configured, and in Joined of JoinAndConfigure, since 1.3.2.
	AudioLevelExtID   int `json:"audiolevel_ext_id,omitempty"`
	VideoOrientExtID  int `json:"videoorient_ext_id,omitempty"`
	PlayoutDelayExtID int `json:"playoutdelay_ext_id,omitempty"`

	// The fields below are those of subscriptions.

	Active     bool   `json:"active,omitempty"` // whether there is something to receive; an inactive m-line may be used again
	Ready      bool   `json:"ready,omitempty"`  // whether the m-line has been negotiated
	Send       bool   `json:"send,omitempty"`   // whether Janus relays the stream; see ConfigureSubscriber
	CrossRefID string `json:"crossrefid,omitempty"`

	FeedID          plugin.ID       `json:"feed_id,omitzero"` // the publisher; unset for data
	FeedMid         string          `json:"feed_mid,omitempty"`
	FeedDisplay     string          `json:"feed_display,omitempty"`
	FeedMetadata    json.RawMessage `json:"feed_metadata,omitempty"` // since 1.4.1
	FeedDescription string          `json:"feed_description,omitempty"`

	Sources   int         `json:"sources,omitempty"`    // of data: how many publishers share the m-line
	SourceIDs []plugin.ID `json:"source_ids,omitempty"` // of data: these publishers

	PlayoutDelay *PlayoutDelay `json:"playout-delay,omitempty"` // nil if none is set
}

// PlayoutDelay is the delay that the playout-delay extension asks the receiver
// to keep.
type PlayoutDelay struct {
	MinDelay int `json:"min-delay"` // in units of 10 ms
	MaxDelay int `json:"max-delay"` // in units of 10 ms
}

// Simulcast reports whether a stream is simulcast.
type Simulcast struct {
	On     bool
	Layers *SimulcastLayers // of a subscription; nil otherwise
}

// SimulcastLayers are the layers of a subscription to a simulcast stream. A layer
// is -1 before the first packet was relayed.
type SimulcastLayers struct {
	Substream           int `json:"substream"` // 0 to 2
	SubstreamTarget     int `json:"substream-target"`
	TemporalLayer       int `json:"temporal-layer"` // 0 to 2
	TemporalLayerTarget int `json:"temporal-layer-target"`
	Fallback            int `json:"fallback,omitempty"` // µs without packets before a lower substream is used
}

// SVC reports whether a stream uses scalable video coding.
type SVC struct {
	On     bool
	Layers *SVCLayers // of a subscription; nil otherwise
}

// SVCLayers are the layers of a subscription to an SVC stream. A layer is -1
// before the first packet was relayed.
type SVCLayers struct {
	SpatialLayer        int `json:"spatial-layer"` // 0 to 2
	TargetSpatialLayer  int `json:"target-spatial-layer"`
	TemporalLayer       int `json:"temporal-layer"` // 0 to 2
	TargetTemporalLayer int `json:"target-temporal-layer"`
}

// MarshalJSON returns the layers, or whether the stream is simulcast.
func (s Simulcast) MarshalJSON() ([]byte, error) {
	if s.Layers != nil {
		return json.Marshal(s.Layers)
	}
	return json.Marshal(s.On)
}

// UnmarshalJSON accepts a boolean or an object of layers.
func (s *Simulcast) UnmarshalJSON(b []byte) error {
	if b[0] == '{' {
		s.On = true
		return json.Unmarshal(b, &s.Layers)
	}
	return json.Unmarshal(b, &s.On)
}

// MarshalJSON returns the layers, or whether the stream uses SVC.
func (s SVC) MarshalJSON() ([]byte, error) {
	if s.Layers != nil {
		return json.Marshal(s.Layers)
	}
	return json.Marshal(s.On)
}

// UnmarshalJSON accepts a boolean or an object of layers.
func (s *SVC) UnmarshalJSON(b []byte) error {
	if b[0] == '{' {
		s.On = true
		return json.Unmarshal(b, &s.Layers)
	}
	return json.Unmarshal(b, &s.On)
}

// plainStream is a Stream that is encoded by its tags alone.
type plainStream Stream

// subscription is a Stream with the spelling of the profiles that Janus uses in
// subscriptions.
type subscription struct {
	*plainStream
	H264Profile string `json:"h264-profile,omitempty"`
	VP9Profile  string `json:"vp9-profile,omitempty"`
}

// MarshalJSON returns the stream in the spelling of Janus, which depends on
// whether it is a subscription.
func (s Stream) MarshalJSON() ([]byte, error) {
	plain := plainStream(s)
	if s.FeedID.IsZero() {
		return json.Marshal(&plain)
	}
	plain.H264Profile, plain.VP9Profile = "", ""
	return json.Marshal(subscription{&plain, s.H264Profile, s.VP9Profile})
}

// UnmarshalJSON accepts the profiles in both spellings of Janus.
func (s *Stream) UnmarshalJSON(b []byte) error {
	if !bytes.Contains(b, []byte(`-profile"`)) {
		return json.Unmarshal(b, (*plainStream)(s))
	}
	sub := subscription{plainStream: (*plainStream)(s)}
	if err := json.Unmarshal(b, &sub); err != nil {
		return err
	}
	if sub.H264Profile != "" {
		s.H264Profile = sub.H264Profile
	}
	if sub.VP9Profile != "" {
		s.VP9Profile = sub.VP9Profile
	}
	return nil
}
