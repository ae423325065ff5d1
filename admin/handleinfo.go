package admin

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// HandleInfo is what Janus knows about a handle and its PeerConnection.
//
// Points in time are durations since the handle was created, to the microsecond;
// 0 means that it has not happened. Fields that Janus left out have their zero
// value.
type HandleInfo struct {
	Session        uint64        `json:"session_id"`
	LastActivity   time.Duration `json:"session_last_activity"` // when the session's last request came; negative if that was before the handle was created
	SessionTimeout time.Duration `json:"session_timeout"`       // how long the session lives without requests; 0: forever
	Transport      string        `json:"session_transport"`     // package name of the session's transport; empty if the session has no connection
	Handle         uint64        `json:"handle_id"`
	OpaqueID       string        `json:"opaque_id"`
	Token          string        `json:"token"` // that the handle was attached with
	LoopRunning    bool          `json:"loop-running"`

	// Created is when the handle was created, on the monotonic clock of the server.
	// It can only be compared with that of other handles of the same server.
	Created time.Duration `json:"created"`
	// Age is how long ago the handle was created.
	Age time.Duration `json:"current_time"`

	Plugin string `json:"plugin"` // package name, such as "janus.plugin.echotest"
	// PluginSpecific is the plugin's own part, or nil. DecodePlugin decodes it.
	PluginSpecific json.RawMessage `json:"plugin_specific"`

	Flags        Flags         `json:"flags"`
	AgentCreated time.Duration `json:"agent-created"` // when ICE was set up
	AgentStarted time.Duration `json:"agent-started"` // when ICE was started
	ICEMode      string        `json:"ice-mode"`      // "full" or "lite"; empty without ICE
	ICERole      string        `json:"ice-role"`      // "controlling" or "controlled"; empty without ICE
	SDPs         SDPs          `json:"sdps"`

	PendingTrickles int `json:"pending-trickles"` // remote candidates that came before the offer
	QueuedPackets   int `json:"queued-packets"`   // packets and tasks that wait to be sent

	// The captures that StartPcap and StartText2Pcap have started.
	DumpToPcap      bool   `json:"dump-to-pcap"`
	PcapFile        string `json:"pcap-file"`
	DumpToText2Pcap bool   `json:"dump-to-text2pcap"`
	Text2PcapFile   string `json:"text2pcap-file"`

	// WebRTC is the PeerConnection; nil if there is none.
	WebRTC *PeerConnection `json:"webrtc"`

	// Raw is the information as it was received, in the units of Janus and with
	// any field that HandleInfo does not have.
	Raw json.RawMessage `json:"-"`
}

// Flags are the states of a handle and its negotiation.
type Flags struct {
	GotOffer          bool `json:"got-offer"`
	GotAnswer         bool `json:"got-answer"`
	Negotiated        bool `json:"negotiated"` // offer and answer have been exchanged
	ProcessingOffer   bool `json:"processing-offer"`
	Starting          bool `json:"starting"`    // ICE has been started
	ICERestart        bool `json:"ice-restart"` // an ICE restart is under way
	Ready             bool `json:"ready"`       // the PeerConnection is up
	Stopped           bool `json:"stopped"`
	Alert             bool `json:"alert"`           // the PeerConnection is being closed
	Trickle           bool `json:"trickle"`         // the peer trickles its candidates
	AllTrickles       bool `json:"all-trickles"`    // the peer has sent its last candidate
	ResendTrickles    bool `json:"resend-trickles"` // Janus must trickle its candidates again
	TrickleSynced     bool `json:"trickle-synced"`
	DataChannels      bool `json:"data-channels"` // data channels have been negotiated
	HasAudio          bool `json:"has-audio"`     // not set by the versions tested
	HasVideo          bool `json:"has-video"`     // not set by the versions tested
	NewDataChannelSDP bool `json:"new-datachan-sdp"`
	RTX               bool `json:"rfc4588-rtx"` // retransmissions have their own SSRC
	Cleaning          bool `json:"cleaning"`
	E2EE              bool `json:"e2ee"` // media is encrypted end to end
}

// SDPs are the session descriptions.
type SDPs struct {
	Profile string `json:"profile"` // such as "UDP/TLS/RTP/SAVPF"
	Local   string `json:"local"`
	Remote  string `json:"remote"`
}

// PeerConnection is the state of a PeerConnection.
type PeerConnection struct {
	ICE  ICE  `json:"ice"`
	DTLS DTLS `json:"dtls"`

	// Extensions are the RTP header extensions and their ids. If abs-capture-time
	// is negotiated, Janus reports its id under the name of abs-send-time.
	Extensions map[string]int `json:"extensions"`

	BWE      BWE `json:"bwe"`
	TooLarge int `json:"too-large"` // packets that were dropped because they exceed the MTU; since 1.4.1

	// Media are the m-lines by mid.
	Media map[string]*Medium `json:"media"`
}

// ICE is the state of the connection of a PeerConnection.
type ICE struct {
	StreamID         int           `json:"stream_id"`
	ComponentID      int           `json:"component_id"`
	State            string        `json:"state"`             // "disconnected", "gathering", "connecting", "connected", "ready" or "failed"
	FailedDetected   time.Duration `json:"failed-detected"`   // when the loss of the connection was noticed
	FailTimerStarted bool          `json:"icetimer-started"`  // Janus waits whether ICE recovers
	Gathered         time.Duration `json:"gathered"`          // when the local candidates were complete
	Connected        time.Duration `json:"connected"`         // when ICE was connected
	LocalCandidates  []string      `json:"local-candidates"`  // as in an SDP, without "candidate:"
	RemoteCandidates []string      `json:"remote-candidates"` // the same; those that ICE found end with "\r\n"
	SelectedPair     string        `json:"selected-pair"`     // such as "10.0.0.1:1234 [host,udp] <-> 10.0.0.2:4321 [prflx,udp]"
	Ready            int           `json:"ready"`             // 1, or -1 in Janus 1.1.2, once the local candidates are complete
}

// DTLS is the state of the encryption of a PeerConnection.
type DTLS struct {
	Fingerprint           string        `json:"fingerprint"`             // of the certificate of Janus
	RemoteFingerprint     string        `json:"remote-fingerprint"`      // of the certificate of the peer, as its SDP says
	RemoteFingerprintHash string        `json:"remote-fingerprint-hash"` // such as "sha-256"
	Role                  string        `json:"dtls-role"`               // "active", "passive" or "actpass"
	State                 string        `json:"dtls-state"`              // "created", "trying", "connected" or "failed"
	Retransmissions       int           `json:"retransmissions"`         // of the handshake
	Valid                 bool          `json:"valid"`                   // the keys of SRTP are there
	SRTPProfile           string        `json:"srtp-profile"`            // such as "SRTP_AEAD_AES_256_GCM"; "none" before the handshake
	Ready                 bool          `json:"ready"`
	HandshakeStarted      time.Duration `json:"handshake-started"`
	Connected             time.Duration `json:"connected"`        // when the handshake was done
	SCTPAssociation       bool          `json:"sctp-association"` // there are data channels
	Stats                 struct {
		In  Count `json:"in"`
		Out Count `json:"out"`
	} `json:"stats"`
}

// Count is how much was received or sent in all.
type Count struct {
	Packets int64 `json:"packets"`
	Bytes   int64 `json:"bytes"`
}

// BWE is what has been negotiated for the estimation of the bandwidth.
type BWE struct {
	TWCC            bool `json:"twcc"`        // transport-wide feedback
	TWCCExtensionID int  `json:"twcc-ext-id"` // of its RTP header extension; 0: none
}

// Medium is an m-line of a PeerConnection. A data channel has only Type, Index,
// Mid, MSID and Stats.
type Medium struct {
	Type  string `json:"type"` // "audio", "video" or "data"
	Index int    `json:"mindex"`
	Mid   string `json:"mid"`
	MSID  struct {
		LocalStream  string `json:"local-stream"`
		LocalTrack   string `json:"local-track"`
		RemoteStream string `json:"remote-stream"`
		RemoteTrack  string `json:"remote-track"`
	} `json:"msid"`

	NACKs     bool          `json:"do_nacks"`      // lost packets are asked for again
	NACKQueue time.Duration `json:"nack-queue-ms"` // how long packets are kept that may have to be sent again

	SSRC         SSRC          `json:"ssrc"`
	RIDSimulcast *RIDSimulcast `json:"rid-simulcast"` // nil without simulcast by rid

	Direction struct {
		Send bool `json:"send"` // by Janus
		Recv bool `json:"recv"`
	} `json:"direction"`

	Codecs Codecs      `json:"codecs"`
	RTCP   RTCP        `json:"rtcp"`
	Stats  MediumStats `json:"stats"`
}

// SSRC has the SSRCs of an m-line; 0 means none.
type SSRC struct {
	Local         uint32 `json:"ssrc"` // of Janus
	LocalRTX      uint32 `json:"ssrc-rtx"`
	Remote        uint32 `json:"ssrc-peer"` // of the peer
	RemoteSim1    uint32 `json:"ssrc-peer-sim-1"`
	RemoteSim2    uint32 `json:"ssrc-peer-sim-2"`
	RemoteRTX     uint32 `json:"ssrc-peer-rtx"`
	RemoteSim1RTX uint32 `json:"ssrc-peer-sim-1-rtx"`
	RemoteSim2RTX uint32 `json:"ssrc-peer-sim-2-rtx"`
}

// RIDSimulcast is how the peer sends simulcast.
type RIDSimulcast struct {
	RIDs           []string `json:"rid"`
	ExtensionID    int      `json:"rid-ext-id"`
	RTXExtensionID int      `json:"ridrtx-ext-id"`
	Order          string   `json:"rid-order"`  // "hml" or "lmh": from the highest layer or from the lowest
	Syntax         string   `json:"rid-syntax"` // "legacy" or empty
}

// Codecs are the codec of an m-line and its payload types. A type of 0 may mean
// that there is none, or PCMU.
type Codecs struct {
	PayloadType        int    `json:"pt"`
	OpusREDPayloadType int    `json:"opus-red-pt"`
	RTXPayloadType     int    `json:"rtx-pt"`
	Codec              string `json:"codec"` // such as "opus"
}

// RTCP has the feedback on an m-line: nil where there is none. With simulcast by
// SSRC or rid, Main, Sim1 and Sim2 are the layers.
type RTCP struct {
	Main *RTCPStats `json:"main"`
	Sim1 *RTCPStats `json:"sim1"`
	Sim2 *RTCPStats `json:"sim2"`
}

// RTCPStats are the statistics of a layer.
type RTCPStats struct {
	Base         int           `json:"base"`           // clock rate, in Hz
	RTT          time.Duration `json:"rtt"`            // round-trip time, to the millisecond; of Main only
	Lost         int64         `json:"lost"`           // packets of the peer that Janus missed, in all
	LostByRemote int64         `json:"lost-by-remote"` // packets of Janus that the peer missed, in all
	JitterLocal  time.Duration `json:"jitter-local"`   // as Janus measures it, to the millisecond
	JitterRemote time.Duration `json:"jitter-remote"`  // as the peer reports it, to the millisecond

	// Link qualities are 0 to 100, the percentage of packets that arrived. The
	// media qualities count packets that were sent again as arrived.
	InLinkQuality       int `json:"in-link-quality"`
	InMediaLinkQuality  int `json:"in-media-link-quality"`
	OutLinkQuality      int `json:"out-link-quality"`
	OutMediaLinkQuality int `json:"out-media-link-quality"`
}

// MediumStats is how much an m-line received and sent.
type MediumStats struct {
	In struct {
		MediaCount
		Retransmissions int64 `json:"retransmissions"` // packets that came because of a NACK

		// The further layers of simulcast; nil if there are none.
		Simulcast1 *MediaCount `json:"video-simulcast-1"`
		Simulcast2 *MediaCount `json:"video-simulcast-2"`
	} `json:"in"`
	Out MediaCount `json:"out"`
}

// MediaCount is how much was received or sent.
type MediaCount struct {
	Count
	BytesLastSecond int64 `json:"bytes_lastsec"`
	NACKs           int64 `json:"nacks"` // requests to send packets again, themselves received or sent
}

// plainHandleInfo is a HandleInfo as Janus sends it, in Janus's units.
type plainHandleInfo HandleInfo

// UnmarshalJSON decodes the information that Janus sends. A field of another type
// than expected keeps its zero value.
func (i *HandleInfo) UnmarshalJSON(b []byte) error {
	err := json.Unmarshal(b, (*plainHandleInfo)(i))
	if mismatch := (*json.UnmarshalTypeError)(nil); err != nil && !errors.As(err, &mismatch) {
		return err
	}
	i.Raw = append(json.RawMessage(nil), b...)
	i.convert()
	return nil
}

// convert turns the numbers of Janus into durations.
func (i *HandleInfo) convert() {
	created := i.Created
	since := func(times ...*time.Duration) {
		for _, t := range times {
			if *t != 0 {
				*t = (*t - created) * time.Microsecond
			}
		}
	}
	scale(time.Second, &i.SessionTimeout)
	since(&i.LastActivity, &i.Age, &i.AgentCreated, &i.AgentStarted)
	scale(time.Microsecond, &i.Created)
	if pc := i.WebRTC; pc != nil {
		since(&pc.ICE.FailedDetected, &pc.ICE.Gathered, &pc.ICE.Connected)
		since(&pc.DTLS.HandshakeStarted, &pc.DTLS.Connected)
		for _, medium := range pc.Media {
			medium.convert()
		}
	}
}

// convert turns the numbers of Janus into durations. m may be nil.
func (m *Medium) convert() {
	if m == nil {
		return
	}
	scale(time.Millisecond, &m.NACKQueue)
	for _, layer := range []*RTCPStats{m.RTCP.Main, m.RTCP.Sim1, m.RTCP.Sim2} {
		if layer != nil {
			scale(time.Millisecond, &layer.RTT, &layer.JitterLocal, &layer.JitterRemote)
		}
	}
}

// String returns the ids and the plugin. Raw has everything.
func (i *HandleInfo) String() string {
	return fmt.Sprintf("handle %d of session %d (%s)", i.Handle, i.Session, i.Plugin)
}

// GoString returns the same as String.
func (i *HandleInfo) GoString() string { return i.String() }

// DecodePlugin decodes the plugin's own part into v, which must be a pointer, such
// as a *VideoRoomInfo. It fails if there is none: some plugins have nothing to say,
// and none has while the handle is being detached.
func (i *HandleInfo) DecodePlugin(v any) error {
	if i.PluginSpecific == nil {
		return fmt.Errorf("admin: %v: nothing from the plugin", i)
	}
	if err := json.Unmarshal(i.PluginSpecific, v); err != nil {
		return fmt.Errorf("admin: %v: decode the plugin's part: %w", i, err)
	}
	return nil
}
