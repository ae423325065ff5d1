package streaming

import (
	"context"

	"github.com/cameronelliott/janus-go/internal/plug"
	"github.com/cameronelliott/janus-go/plugin"
)

// CreateRTP creates a mountpoint that receives its media as RTP over UDP.
//
// The older form of the request, with fields such as audioport and videoport in
// the place of Media, is deprecated. Extra can have them; the ports that Janus
// chose are then in fields of CreatedStream.
type CreateRTP struct {
	ID          plugin.ID `json:"id,omitzero"`           // default: chosen by Janus
	Name        string    `json:"name,omitempty"`        // default: chosen by Janus
	Description string    `json:"description,omitempty"` // default: the name
	Metadata    string    `json:"metadata,omitempty"`    // any text, for viewers
	Secret      string    `json:"secret,omitempty"`      // needed to edit, destroy and control the mountpoint; default: none
	PIN         string    `json:"pin,omitempty"`         // needed to watch; default: none
	IsPrivate   bool      `json:"is_private,omitempty"`  // whether List omits the mountpoint
	Permanent   bool      `json:"permanent,omitempty"`   // whether the mountpoint is saved in the configuration file
	AdminKey    string    `json:"admin_key,omitempty"`   // of the plugin's configuration, if there is one

	Media []RTPMedia `json:"media,omitempty"` // the streams; needed, unless Extra has the deprecated form

	// Collision is the time without packets of an SSRC, in ms, after which those
	// of another one are accepted. Default: 0, any SSRC is accepted at any time.
	Collision int `json:"collision,omitempty"`

	// BufferKFMs and BufferKFBytes make Janus keep packets of video since the
	// last keyframe, for viewers that start: as many ms (at most 65,535) and as
	// many bytes. Default: none. They replace RTPMedia.BufferKF. Since 1.3.3.
	BufferKFMs    int   `json:"bufferkf_ms,omitempty"`
	BufferKFBytes int64 `json:"bufferkf_bytes,omitempty"`

	Threads int `json:"threads,omitempty"` // number of threads that send to the viewers; default: 0, the one that receives

	SRTPSuite  SRTPSuite `json:"srtpsuite,omitempty"`  // of the media that is received; default: plain RTP
	SRTPCrypto string    `json:"srtpcrypto,omitempty"` // key and salt in base64

	E2EE            bool `json:"e2ee,omitempty"`             // whether the media is encrypted end to end (insertable streams)
	PlayoutDelayExt bool `json:"playoutdelay_ext,omitempty"` // whether the playout-delay RTP extension is offered; see Configure

	// AbsCaptureTimeSrcExtID is the id (1 to 14) of the abs-capture-time extension
	// in the RTP that is received, which is then offered to viewers. Default: 0,
	// none. Since 1.2.2.
	AbsCaptureTimeSrcExtID int `json:"abscapturetime_src_ext_id,omitempty"`

	DataType  DataType `json:"datatype,omitempty"`  // of the messages of all data streams; default: Text
	BufferMsg bool     `json:"buffermsg,omitempty"` // whether viewers that start get the last message of each data stream

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// RTPMedia is a stream of a mountpoint that receives RTP.
type RTPMedia struct {
	Type  MediaType `json:"type"`
	Mid   string    `json:"mid"`             // of the stream in the SDP; each stream has its own
	Label string    `json:"label,omitempty"` // default: the type
	MSID  string    `json:"msid,omitempty"`  // in the SDP: the ids of a media stream and a track, separated by a space

	Multicast string `json:"mcast,omitempty"`    // multicast group that is joined; default: none
	Iface     string `json:"iface,omitempty"`    // name or address of the interface to bind to; default: all
	Port      int    `json:"port"`               // UDP; 0: chosen by Janus
	RTCPPort  *int   `json:"rtcpport,omitempty"` // UDP; 0: chosen by Janus; nil: no RTCP, so that Janus cannot ask for keyframes

	PT     int    `json:"pt,omitempty"`     // payload type of the RTP
	Codec  Codec  `json:"codec,omitempty"`  // needed, unless the stream is data
	RTPMap string `json:"rtpmap,omitempty"` // deprecated; Janus takes the codec of it if there is no Codec
	FMTP   string `json:"fmtp,omitempty"`   // parameters of the codec in the SDP
	Skew   bool   `json:"skew,omitempty"`   // whether Janus corrects the drift of the sender's clock

	BufferKF  bool   `json:"bufferkf,omitempty"`  // whether viewers that start get the last keyframe; not used since 1.3.3
	Simulcast bool   `json:"simulcast,omitempty"` // whether Port2 and Port3 receive substreams
	Port2     int    `json:"port2,omitempty"`     // UDP, of the second substream; 0: none
	Port3     int    `json:"port3,omitempty"`     // UDP, of the third substream; 0: none
	SVC       bool   `json:"svc,omitempty"`       // whether the video is VP9 with layers
	H264SPS   string `json:"h264sps,omitempty"`   // sprop-parameter-sets of H.264, for recordings; since 1.1.3

	DataType  DataType `json:"datatype,omitempty"`  // up to 1.4.2 Janus uses that of CreateRTP instead
	BufferMsg bool     `json:"buffermsg,omitempty"` // up to 1.4.2 Janus uses that of CreateRTP instead
}

// CreateRTP creates a mountpoint that receives its media as RTP over UDP.
// Created.Stream has the ports.
func (c *Client) CreateRTP(ctx context.Context, q CreateRTP) (*Created, error) {
	fields := struct {
		CreateRTP
		Type string `json:"type"`
	}{q, "rtp"}
	return plug.Do[Created](ctx, c.caller, request("create", fields, q.Extra))
}

// String returns the request as JSON, with its secrets masked.
func (q CreateRTP) String() string { return plug.String(q) }

// CreateLive creates a mountpoint that plays an audio file in a loop, to all
// viewers alike.
type CreateLive struct {
	ID          plugin.ID `json:"id,omitzero"`           // default: chosen by Janus
	Name        string    `json:"name,omitempty"`        // default: chosen by Janus
	Description string    `json:"description,omitempty"` // default: the name
	Metadata    string    `json:"metadata,omitempty"`    // any text, for viewers
	Secret      string    `json:"secret,omitempty"`      // needed to edit, destroy and control the mountpoint; default: none
	PIN         string    `json:"pin,omitempty"`         // needed to watch; default: none
	IsPrivate   bool      `json:"is_private,omitempty"`  // whether List omits the mountpoint
	Permanent   bool      `json:"permanent,omitempty"`   // whether the mountpoint is saved in the configuration file
	AdminKey    string    `json:"admin_key,omitempty"`   // of the plugin's configuration, if there is one

	// Filename is the absolute path of the file on the server: .opus, or raw PCMA
	// (.alaw) or PCMU (.mulaw).
	Filename string `json:"filename"`

	AudioCodec  Codec  `json:"audiocodec,omitempty"`  // Opus, PCMA or PCMU
	AudioRTPMap string `json:"audiortpmap,omitempty"` // deprecated; Janus takes the codec of it if there is no AudioCodec
	AudioFMTP   string `json:"audiofmtp,omitempty"`   // parameters of the codec in the SDP
	AudioPT     int    `json:"audiopt,omitempty"`     // payload type

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// CreateLive creates a mountpoint that plays an audio file in a loop, to all
// viewers alike.
func (c *Client) CreateLive(ctx context.Context, q CreateLive) (*Created, error) {
	fields := struct {
		CreateLive
		Type  string `json:"type"`
		Audio bool   `json:"audio"` // Janus plays nothing else
	}{q, "live", true}
	return plug.Do[Created](ctx, c.caller, request("create", fields, q.Extra))
}

// String returns the request as JSON, with its secrets masked.
func (q CreateLive) String() string { return plug.String(q) }

// CreateOnDemand creates a mountpoint that plays an audio file to each viewer
// from its beginning.
type CreateOnDemand struct {
	ID          plugin.ID `json:"id,omitzero"`           // default: chosen by Janus
	Name        string    `json:"name,omitempty"`        // default: chosen by Janus
	Description string    `json:"description,omitempty"` // default: the name
	Metadata    string    `json:"metadata,omitempty"`    // any text, for viewers
	Secret      string    `json:"secret,omitempty"`      // needed to edit, destroy and control the mountpoint; default: none
	PIN         string    `json:"pin,omitempty"`         // needed to watch; default: none
	IsPrivate   bool      `json:"is_private,omitempty"`  // whether List omits the mountpoint
	Permanent   bool      `json:"permanent,omitempty"`   // whether the mountpoint is saved in the configuration file
	AdminKey    string    `json:"admin_key,omitempty"`   // of the plugin's configuration, if there is one

	// Filename is the absolute path of the file on the server: .opus, or raw PCMA
	// (.alaw) or PCMU (.mulaw).
	Filename string `json:"filename"`

	AudioCodec  Codec  `json:"audiocodec,omitempty"`  // Opus, PCMA or PCMU
	AudioRTPMap string `json:"audiortpmap,omitempty"` // deprecated; Janus takes the codec of it if there is no AudioCodec
	AudioFMTP   string `json:"audiofmtp,omitempty"`   // parameters of the codec in the SDP
	AudioPT     int    `json:"audiopt,omitempty"`     // payload type

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// CreateOnDemand creates a mountpoint that plays an audio file to each viewer
// from its beginning.
func (c *Client) CreateOnDemand(ctx context.Context, q CreateOnDemand) (*Created, error) {
	fields := struct {
		CreateOnDemand
		Type  string `json:"type"`
		Audio bool   `json:"audio"` // Janus plays nothing else
	}{q, "ondemand", true}
	return plug.Do[Created](ctx, c.caller, request("create", fields, q.Extra))
}

// String returns the request as JSON, with its secrets masked.
func (q CreateOnDemand) String() string { return plug.String(q) }

// CreateRTSP creates a mountpoint that gets its media from an RTSP server. At
// least one of Audio and Video must be true.
type CreateRTSP struct {
	ID          plugin.ID `json:"id,omitzero"`           // default: chosen by Janus
	Name        string    `json:"name,omitempty"`        // default: chosen by Janus
	Description string    `json:"description,omitempty"` // default: the name
	Metadata    string    `json:"metadata,omitempty"`    // any text, for viewers
	Secret      string    `json:"secret,omitempty"`      // needed to edit, destroy and control the mountpoint; default: none
	PIN         string    `json:"pin,omitempty"`         // needed to watch; default: none
	IsPrivate   bool      `json:"is_private,omitempty"`  // whether List omits the mountpoint
	Permanent   bool      `json:"permanent,omitempty"`   // whether the mountpoint is saved in the configuration file
	AdminKey    string    `json:"admin_key,omitempty"`   // of the plugin's configuration, if there is one

	// URL is that of the RTSP stream. Put a user and a password into User and
	// Password, as String does not mask those in a URL.
	URL      string `json:"url"`
	User     string `json:"rtsp_user,omitempty"`
	Password string `json:"rtsp_pwd,omitempty"`

	Audio bool `json:"audio"` // whether the audio is used
	Video bool `json:"video"` // whether the video is used

	Quirk             bool   `json:"rtsp_quirk,omitempty"`           // whether DESCRIBE is tried again with the path only after a 404
	FailCheck         *bool  `json:"rtsp_failcheck,omitempty"`       // whether an RTSP server that cannot be reached is an error; default: true
	Iface             string `json:"rtspiface,omitempty"`            // name or address of the interface that receives the media; default: all
	ReconnectDelay    *int   `json:"rtsp_reconnect_delay,omitempty"` // seconds without media until Janus connects again; default: 5
	SessionTimeout    int    `json:"rtsp_session_timeout,omitempty"` // longest time between keep-alives, seconds; default: half the timeout of the RTSP session
	Timeout           *int   `json:"rtsp_timeout,omitempty"`         // of RTSP requests, seconds; 0: none; default: 10
	ConnectionTimeout *int   `json:"rtsp_conn_timeout,omitempty"`    // seconds; 0: 300; default: 5
	NotifyChanges     bool   `json:"rtsp_notify_changes,omitempty"`  // whether viewers receive RTSPDisconnected and RTSPReconnected; since 1.3.3

	AudioCodec  Codec  `json:"audiocodec,omitempty"`  // default: that of the RTSP server
	AudioRTPMap string `json:"audiortpmap,omitempty"` // deprecated; Janus takes the codec of it if there is no AudioCodec
	AudioFMTP   string `json:"audiofmtp,omitempty"`   // parameters of the codec in the SDP; default: those of the RTSP server
	AudioPT     *int   `json:"audiopt,omitempty"`     // payload type; default: that of the RTSP server
	VideoCodec  Codec  `json:"videocodec,omitempty"`  // default: that of the RTSP server
	VideoRTPMap string `json:"videortpmap,omitempty"` // deprecated; Janus takes the codec of it if there is no VideoCodec
	VideoFMTP   string `json:"videofmtp,omitempty"`   // parameters of the codec in the SDP; default: those of the RTSP server
	VideoPT     *int   `json:"videopt,omitempty"`     // payload type; default: that of the RTSP server

	VideoBufferKF bool  `json:"videobufferkf,omitempty"`  // whether viewers that start get the last keyframe; not used since 1.3.3
	BufferKFMs    int   `json:"bufferkf_ms,omitempty"`    // as in CreateRTP; since 1.3.3
	BufferKFBytes int64 `json:"bufferkf_bytes,omitempty"` // as in CreateRTP; since 1.3.3

	Threads int `json:"threads,omitempty"` // number of threads that send to the viewers; default: 0, the one that receives

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// CreateRTSP creates a mountpoint that gets its media from an RTSP server. A
// Janus that was built without libcurl answers ErrorInvalidElement.
func (c *Client) CreateRTSP(ctx context.Context, q CreateRTSP) (*Created, error) {
	fields := struct {
		CreateRTSP
		Type string `json:"type"`
	}{q, "rtsp"}
	return plug.Do[Created](ctx, c.caller, request("create", fields, q.Extra))
}

// String returns the request as JSON, with its secrets masked.
func (q CreateRTSP) String() string { return plug.String(q) }
