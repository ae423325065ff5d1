package streaming

import (
	"github.com/cameronelliott/janus-go/internal/plug"
	"github.com/cameronelliott/janus-go/plugin"
)

// Mountpoints is the answer to List.
type Mountpoints struct {
	plugin.Meta `json:"-"`
	List        []Mountpoint `json:"list"`
}

// Mountpoint describes a mountpoint.
type Mountpoint struct {
	ID          plugin.ID      `json:"id"`
	Type        MountpointType `json:"type"`
	Description string         `json:"description"`
	Metadata    string         `json:"metadata,omitempty"`
	Enabled     bool           `json:"enabled"`
	Media       []Stream       `json:"media,omitempty"` // nil if the media is from a file
}

// Stream is a stream of a mountpoint.
type Stream struct {
	Mid   string    `json:"mid"`
	Type  MediaType `json:"type"`
	Label string    `json:"label"`
	MSID  string    `json:"msid,omitempty"`
	AgeMs *int      `json:"age_ms,omitempty"` // ms since the last packet, or since the mountpoint was created; nil if the media is from a file
}

// MountpointInfo is the answer to Info.
type MountpointInfo struct {
	plugin.Meta `json:"-"`
	Mountpoint  Details `json:"info"`
}

// Details describes a mountpoint.
type Details struct {
	ID          plugin.ID      `json:"id"`
	Description string         `json:"description,omitempty"`
	Metadata    string         `json:"metadata,omitempty"`
	Enabled     bool           `json:"enabled"`
	Type        MountpointType `json:"type"`
	Media       []StreamInfo   `json:"media"`

	Filename string `json:"filename,omitempty"` // of CreateLive and CreateOnDemand; only with the right secret

	RTSP          bool  `json:"rtsp,omitempty"`           // whether the media is from an RTSP server
	SRTP          bool  `json:"srtp,omitempty"`           // whether the media is received as SRTP
	Collision     int   `json:"collision,omitempty"`      // ms; see CreateRTP
	BufferKFMs    int   `json:"bufferkf_ms,omitempty"`    // since 1.3.3
	BufferKFBytes int64 `json:"bufferkf_bytes,omitempty"` // since 1.3.3
	Threads       int   `json:"threads,omitempty"`        // that send to the viewers

	// Only with the right secret, or if the mountpoint has none.
	Name      string `json:"name,omitempty"`
	Viewers   *int   `json:"viewers,omitempty"` // how many there are
	Secret    string `json:"secret,omitempty"`
	PIN       string `json:"pin,omitempty"`
	IsPrivate bool   `json:"is_private,omitempty"` // false, too, if the secret is wrong
	URL       string `json:"url,omitempty"`        // of the RTSP stream
	User      string `json:"rtsp_user,omitempty"`
	Password  string `json:"rtsp_pwd,omitempty"`
	Quirk     bool   `json:"rtsp_quirk,omitempty"` // see CreateRTSP
	Host      string `json:"host,omitempty"`       // address that the RTP is received at, if it is a certain one
}

// String returns the description as JSON, with its secrets masked.
func (d Details) String() string { return plug.String(d) }

// StreamInfo describes a stream of a mountpoint.
type StreamInfo struct {
	MIndex   int       `json:"mindex,omitempty"` // index in the SDP
	Mid      string    `json:"mid,omitempty"`    // empty if the media is from a file
	Type     MediaType `json:"type"`
	Label    string    `json:"label,omitempty"`
	MSID     string    `json:"msid,omitempty"`
	PT       *int      `json:"pt,omitempty"` // payload type
	Codec    Codec     `json:"codec,omitempty"`
	RTPMap   string    `json:"rtpmap,omitempty"`
	FMTP     string    `json:"fmtp,omitempty"`
	DataType DataType  `json:"datatype,omitempty"` // of data; since 1.1.3

	Simulcast        bool `json:"videosimulcast,omitempty"`
	SVC              bool `json:"videosvc,omitempty"`
	SkewCompensation bool `json:"skew_compensation,omitempty"` // RTPMedia.Skew
	BufferKF         bool `json:"videobufferkf,omitempty"`     // RTPMedia.BufferKF; before 1.3.3

	AgeMs *int `json:"age_ms,omitempty"` // ms since the last packet, or since the mountpoint was created; nil if the media is from a file

	// Only with the right secret, or if the mountpoint has none.
	Port      int    `json:"port,omitempty"`      // UDP
	RTCPPort  int    `json:"rtcpport,omitempty"`  // UDP; 0: none
	Port2     int    `json:"port2,omitempty"`     // UDP, of the second substream; 0: none
	Port3     int    `json:"port3,omitempty"`     // UDP, of the third substream; 0: none
	Recording string `json:"recording,omitempty"` // name of the file that the stream is recorded to; empty: none
}

// Created is the answer to CreateRTP, CreateLive, CreateOnDemand and CreateRTSP.
type Created struct {
	plugin.Meta `json:"-"`
	Name        string        `json:"created"`
	Permanent   bool          `json:"permanent"` // whether the mountpoint was saved in the configuration file
	Stream      CreatedStream `json:"stream"`
	Warning     string        `json:"warning,omitempty"` // "deprecated_api" if the request had the deprecated form
}

// CreatedStream is a mountpoint that was created.
type CreatedStream struct {
	ID          plugin.ID      `json:"id"`
	Type        MountpointType `json:"type"`
	Description string         `json:"description"`
	IsPrivate   bool           `json:"is_private"`
	Ports       []Ports        `json:"ports,omitempty"` // of CreateRTP
	Host        string         `json:"host,omitempty"`  // in the place of Ports.Host in older versions

	// Ports and addresses if the request had the deprecated form.
	AudioHost     string `json:"audio_host,omitempty"`
	AudioPort     int    `json:"audio_port,omitempty"`
	AudioRTCPPort int    `json:"audio_rtcp_port,omitempty"`
	VideoHost     string `json:"video_host,omitempty"`
	VideoPort     int    `json:"video_port,omitempty"`
	VideoRTCPPort int    `json:"video_rtcp_port,omitempty"`
	VideoPort2    int    `json:"video_port_2,omitempty"`
	VideoPort3    int    `json:"video_port_3,omitempty"`
	DataHost      string `json:"data_host,omitempty"`
	DataPort      int    `json:"data_port,omitempty"`
}

// Ports are those at which Janus receives a stream.
type Ports struct {
	Type     MediaType `json:"type"`
	Mid      string    `json:"mid"`
	MSID     string    `json:"msid,omitempty"`
	Host     string    `json:"host,omitempty"` // multicast group, or address of RTPMedia.Iface
	Port     int       `json:"port,omitempty"` // UDP
	RTCPPort int       `json:"rtcp_port,omitempty"`
	Port2    int       `json:"port_2,omitempty"` // of the second substream; 0: none
	Port3    int       `json:"port_3,omitempty"` // of the third substream; 0: none
}

// Edited is the answer to Edit.
type Edited struct {
	plugin.Meta `json:"-"`
	ID          plugin.ID `json:"id"`
	Permanent   bool      `json:"permanent"` // whether the change was saved in the configuration file
}

// Destroyed is the answer to Destroy.
type Destroyed struct {
	plugin.Meta `json:"-"`
	ID          plugin.ID `json:"destroyed"`
}

// Success is the answer to requests whose answer says nothing else: Enable,
// Disable, KickAll, StartRecording and StopRecording.
type Success struct {
	plugin.Meta `json:"-"`
}

// Preparing is the answer to Watch. JSEP is an offer.
type Preparing struct {
	plugin.Meta `json:"-"`
}

// Updating is the answer to Restart. JSEP is an offer.
type Updating struct {
	plugin.Meta `json:"-"`
}

// Starting is the answer to Start, and to WatchOffer: JSEP is then the answer to
// its offer.
type Starting struct {
	plugin.Meta `json:"-"`
}

// Pausing is the answer to Pause.
type Pausing struct {
	plugin.Meta `json:"-"`
}

// Configured is the answer to Configure.
type Configured struct {
	plugin.Meta `json:"-"`
}

// Switched is the answer to Switch.
type Switched struct {
	plugin.Meta `json:"-"`
	ID          plugin.ID `json:"id"` // of the mountpoint that is watched now
}

// Stopping is the answer to Stop.
type Stopping struct {
	plugin.Meta `json:"-"`
}

// Idle is the answer to Stop if the PeerConnection is not up. Since 1.2.0.
type Idle struct {
	plugin.Meta `json:"-"`
}
