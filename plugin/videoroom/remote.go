package videoroom

import (
	"context"
	"encoding/json"
	"strconv"

	"github.com/cameronelliott/janus-go/internal/plug"
	"github.com/cameronelliott/janus-go/plugin"
)

// PublishRemotely sends the streams of a local publisher to another server, on
// which AddRemotePublisher was called before. Remote publishers cannot be passed
// on to a third server.
type PublishRemotely struct {
	Room        plugin.ID  `json:"room"`
	Secret      string     `json:"secret,omitempty"`
	AdminKey    string     `json:"admin_key,omitempty"` // needed if the plugin is configured with lock_rtp_forward
	PublisherID plugin.ID  `json:"publisher_id"`
	RemoteID    string     `json:"remote_id"` // the application's own name for the recipient, unique for the publisher
	Host        string     `json:"host"`      // of the other server; resolved once
	HostFamily  HostFamily `json:"host_family,omitempty"`
	Port        int        `json:"port"`                // RemotePublisherAdded.Port
	RTCPPort    int        `json:"rtcp_port,omitempty"` // RemotePublisherAdded.RTCPPort; without it the other server cannot ask for keyframes

	// Both are needed, and must be those of AddRemotePublisher.
	SRTPSuite  SRTPSuite `json:"srtp_suite,omitempty"`  // since 1.3.0
	SRTPCrypto string    `json:"srtp_crypto,omitempty"` // 30 bytes of key and salt in base64; since 1.3.0

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// String returns the request as JSON, with its secrets masked.
func (q PublishRemotely) String() string { return plug.String(q) }

// PublishedRemotely is the answer to PublishRemotely.
type PublishedRemotely struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID `json:"room"`
	ID          plugin.ID `json:"id"` // of the publisher
	RemoteID    string    `json:"remote_id"`
}

// PublishRemotely sends the streams of a publisher to another server. It
// succeeds even if nothing listens there.
func (c *Client) PublishRemotely(ctx context.Context, q PublishRemotely) (*PublishedRemotely, error) {
	return plug.Do[PublishedRemotely](ctx, c.caller, request("publish_remotely", q, q.Extra, nil))
}

// UnpublishRemotely stops sending a publisher to another server.
type UnpublishRemotely struct {
	Room        plugin.ID `json:"room"`
	Secret      string    `json:"secret,omitempty"`
	PublisherID plugin.ID `json:"publisher_id"`
	RemoteID    string    `json:"remote_id"` // PublishRemotely.RemoteID

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// String returns the request as JSON, with its secrets masked.
func (q UnpublishRemotely) String() string { return plug.String(q) }

// UnpublishedRemotely is the answer to UnpublishRemotely.
type UnpublishedRemotely struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID `json:"room"`
	ID          plugin.ID `json:"id"` // of the publisher
}

// UnpublishRemotely stops sending a publisher to another server.
func (c *Client) UnpublishRemotely(ctx context.Context, q UnpublishRemotely) (*UnpublishedRemotely, error) {
	return plug.Do[UnpublishedRemotely](ctx, c.caller, request("unpublish_remotely", q, q.Extra, nil))
}

// ListRemotes lists the servers that a publisher is sent to.
type ListRemotes struct {
	Room        plugin.ID `json:"room"`
	Secret      string    `json:"secret,omitempty"`
	PublisherID plugin.ID `json:"publisher_id"`

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// String returns the request as JSON, with its secrets masked.
func (q ListRemotes) String() string { return plug.String(q) }

// Remotes is the answer to ListRemotes.
type Remotes struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID `json:"room"`
	ID          plugin.ID `json:"id"` // of the publisher
	List        []Remote  `json:"list"`
}

// Remote is a server that a publisher is sent to.
type Remote struct {
	RemoteID string `json:"remote_id"`
	Host     string `json:"host"`
	Port     int    `json:"port"`
	RTCPPort int    `json:"rtcp_port,omitempty"`
}

// ListRemotes lists the servers that a publisher is sent to.
func (c *Client) ListRemotes(ctx context.Context, q ListRemotes) (*Remotes, error) {
	return plug.Do[Remotes](ctx, c.caller, request("listremotes", q, q.Extra, nil))
}

// AddRemotePublisher makes a publisher of another server appear in a room of
// this one. It lasts until RemoveRemotePublisher, even if nothing is received and
// if the session that added it ends.
type AddRemotePublisher struct {
	Room     plugin.ID       `json:"room"`
	Secret   string          `json:"secret,omitempty"`
	ID       plugin.ID       `json:"id,omitzero"` // default: a random one
	Display  string          `json:"display,omitempty"`
	Metadata json.RawMessage `json:"metadata,omitempty"` // any JSON object; since 1.3.0
	Mcast    string          `json:"mcast,omitempty"`    // multicast address to receive on
	Iface    string          `json:"iface,omitempty"`    // network interface or address to receive on
	Port     int             `json:"port,omitempty"`     // to receive on; default: a free one
	RTCPPort int             `json:"rtcp_port,omitempty"`

	// Streams are the m-lines of the publisher: use RemoteStreams. At least one
	// is needed.
	Streams []Stream `json:"streams"`

	// Both are needed, and must be those of PublishRemotely.
	SRTPSuite  SRTPSuite `json:"srtp_suite,omitempty"`  // since 1.3.0
	SRTPCrypto string    `json:"srtp_crypto,omitempty"` // 30 bytes of key and salt in base64; since 1.3.0

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// String returns the request as JSON, with its secrets masked.
func (q AddRemotePublisher) String() string { return plug.String(q) }

// RemotePublisherAdded is the answer to AddRemotePublisher.
type RemotePublisherAdded struct {
	plugin.Meta `json:"-"`
	Room        plugin.ID `json:"room"`
	ID          plugin.ID `json:"id"`
	IP          string    `json:"ip,omitempty"` // with AddRemotePublisher.Iface only
	Port        int       `json:"port"`         // for PublishRemotely
	RTCPPort    int       `json:"rtcp_port"`    // for PublishRemotely
}

// AddRemotePublisher makes a publisher of another server appear in a room. The
// other participants get a Published at once, even if no media is received yet.
//
// The answer may come a moment before the publisher is in the room. Until the
// Published is sent, requests that name the publisher can fail with
// ErrorNoSuchFeed.
func (c *Client) AddRemotePublisher(ctx context.Context, q AddRemotePublisher) (*RemotePublisherAdded, error) {
	fields := struct {
		AddRemotePublisher
		Streams remoteStreams `json:"streams"`
	}{q, q.Streams}
	return plug.Do[RemotePublisherAdded](ctx, c.caller, request("add_remote_publisher", fields, q.Extra, nil))
}

// UpdateRemotePublisher follows a renegotiation of a publisher on the other
// server. The fields that are not set stay as they are.
type UpdateRemotePublisher struct {
	Room   plugin.ID `json:"room"`
	Secret string    `json:"secret,omitempty"`
	ID     plugin.ID `json:"id"` // of the remote publisher

	// Display and Metadata are stored, but announced to the other
	// participants only if the streams change too.
	Display  string          `json:"display,omitempty"`
	Metadata json.RawMessage `json:"metadata,omitempty"` // any JSON object; since 1.3.0

	// Streams are all m-lines of the publisher: use RemoteStreams. Streams that
	// are there already can be disabled, enabled and described anew, but keep
	// their codec.
	Streams []Stream `json:"streams"`

	// Those of AddRemotePublisher must be repeated, or streams that are new are
	// expected to be plain RTP.
	SRTPSuite  SRTPSuite `json:"srtp_suite,omitempty"`  // since 1.3.0
	SRTPCrypto string    `json:"srtp_crypto,omitempty"` // since 1.3.0

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// String returns the request as JSON, with its secrets masked.
func (q UpdateRemotePublisher) String() string { return plug.String(q) }

// UpdateRemotePublisher follows a renegotiation of a publisher on the other
// server. Streams that do not fit are skipped without an error.
func (c *Client) UpdateRemotePublisher(ctx context.Context, q UpdateRemotePublisher) error {
	fields := struct {
		UpdateRemotePublisher
		Streams remoteStreams `json:"streams"`
	}{q, q.Streams}
	return plug.Send(ctx, c.caller, request("update_remote_publisher", fields, q.Extra, nil))
}

// RemoveRemotePublisher removes a remote publisher from its room.
type RemoveRemotePublisher struct {
	Room   plugin.ID `json:"room"`
	Secret string    `json:"secret,omitempty"`
	ID     plugin.ID `json:"id"` // of the remote publisher

	// Extra has fields that this package does not know. They replace fields of the same name.
	Extra map[string]any `json:"-"`
}

// String returns the request as JSON, with its secrets masked.
func (q RemoveRemotePublisher) String() string { return plug.String(q) }

// RemoveRemotePublisher removes a remote publisher from its room. The other
// participants get a Left.
func (c *Client) RemoveRemotePublisher(ctx context.Context, q RemoveRemotePublisher) error {
	return plug.Send(ctx, c.caller, request("remove_remote_publisher", q, q.Extra, nil))
}

// RemoteStreams returns the streams of a publisher in the form that
// AddRemotePublisher and UpdateRemotePublisher need. The argument comes from the
// publisher's own server: from Configured, Joined or Publisher.
//
// A remote publisher has the m-lines of the publisher in the same order, and its
// mids are their indexes in decimal, whatever the mids of the publisher are.
// Disabled audio and video streams need a codec: theirs is that of another stream
// of the same type, or else Opus or VP8. An m-line that is missing becomes a
// disabled audio stream. The argument is not changed.
//
// Servers up to 1.2.0 do not accept H264Profile and VP9Profile.
func RemoteStreams(streams []Stream) []Stream {
	codecs := map[MediaType]Codec{Audio: Opus, Video: VP8}
	last := -1
	for _, s := range streams {
		last = max(last, s.Mindex)
		if s.Codec != "" {
			codecs[s.Type] = s.Codec
		}
	}
	remote := make([]Stream, min(last+1, maxRemoteStreams))
	for i := range remote {
		remote[i] = Stream{Type: Audio, Disabled: true, Mindex: i}
	}
	for _, s := range streams {
		if s.Mindex >= 0 && s.Mindex < len(remote) {
			remote[s.Mindex] = s
		}
	}
	for i := range remote {
		remote[i].Mid = strconv.Itoa(i)
		if remote[i].Codec == "" {
			remote[i].Codec = codecs[remote[i].Type]
		}
	}
	return remote
}

// maxRemoteStreams is far more than the m-lines of any publisher.
const maxRemoteStreams = 1024

// remoteStreams are encoded with the fields that Janus knows of the streams of a
// remote publisher.
type remoteStreams []Stream

// remoteStream is a stream of a remote publisher.
type remoteStream struct {
	Mid               string    `json:"mid"`
	Mindex            int       `json:"mindex"`
	Type              MediaType `json:"type"`
	Codec             Codec     `json:"codec,omitempty"`
	Description       string    `json:"description,omitempty"`
	Disabled          bool      `json:"disabled"`
	Stereo            bool      `json:"stereo,omitempty"`
	FEC               bool      `json:"fec,omitempty"`
	DTX               bool      `json:"dtx,omitempty"`
	H264Profile       string    `json:"h264_profile,omitempty"`
	VP9Profile        string    `json:"vp9_profile,omitempty"`
	Simulcast         bool      `json:"simulcast,omitempty"`
	SVC               bool      `json:"svc,omitempty"`
	AudioLevelExtID   int       `json:"audiolevel_ext_id,omitempty"`
	VideoOrientExtID  int       `json:"videoorient_ext_id,omitempty"`
	PlayoutDelayExtID int       `json:"playoutdelay_ext_id,omitempty"`
}

// MarshalJSON returns the streams as Janus wants them of remote publishers. It
// always says whether a stream is disabled, or else one that was could not be
// enabled.
func (streams remoteStreams) MarshalJSON() ([]byte, error) {
	list := make([]remoteStream, len(streams))
	for i, s := range streams {
		list[i] = remoteStream{
			Mid: s.Mid, Mindex: s.Mindex, Type: s.Type, Codec: s.Codec,
			Description: s.Description, Disabled: s.Disabled,
			Stereo: s.Stereo, FEC: s.FEC, DTX: s.DTX,
			H264Profile: s.H264Profile, VP9Profile: s.VP9Profile,
			Simulcast: s.Simulcast.On, SVC: s.SVC.On,
			AudioLevelExtID: s.AudioLevelExtID, VideoOrientExtID: s.VideoOrientExtID,
			PlayoutDelayExtID: s.PlayoutDelayExtID,
		}
	}
	return json.Marshal(list)
}
