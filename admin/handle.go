package admin

import (
	"context"
	"errors"
)

// HandleInfo returns everything that Janus knows about a handle and its
// PeerConnection (handle_info).
func (c *Client) HandleInfo(ctx context.Context, session, handle uint64) (*HandleInfo, error) {
	return c.handleInfo(ctx, session, handle, nil)
}

// HandlePluginInfo is HandleInfo without the PeerConnection (handle_info with
// plugin_only): the fields from Flags to WebRTC are not set.
func (c *Client) HandlePluginInfo(ctx context.Context, session, handle uint64) (*HandleInfo, error) {
	return c.handleInfo(ctx, session, handle, members{"plugin_only": true})
}

func (c *Client) handleInfo(ctx context.Context, session, handle uint64, fields members) (*HandleInfo, error) {
	var a struct{ Info *HandleInfo }
	if err := c.onHandle(ctx, "handle_info", session, handle, fields, &a); err != nil {
		return nil, err
	}
	if a.Info == nil {
		return nil, errors.New("admin: handle_info: the answer has no info")
	}
	return a.Info, nil
}

// DetachHandle detaches a handle from its plugin, as its client could
// (detach_handle). The client gets a janus.DetachedMsg.
func (c *Client) DetachHandle(ctx context.Context, session, handle uint64) error {
	return c.onHandle(ctx, "detach_handle", session, handle, nil, nil)
}

// HangupWebRTC closes the PeerConnection of a handle (hangup_webrtc). The client gets
// a janus.HangupMsg with the reason "Admin API", and may set up another one.
func (c *Client) HangupWebRTC(ctx context.Context, session, handle uint64) error {
	return c.onHandle(ctx, "hangup_webrtc", session, handle, nil, nil)
}

// Capture says where the packets of a handle are written, on the machine of the
// server.
type Capture struct {
	Folder   string // default: that in which Janus runs
	Filename string // default: chosen by Janus; see HandleInfo.PcapFile
	Truncate int    // how many bytes of a packet are written; 0: all
}

func (q Capture) fields() members {
	fields := members{}
	if q.Folder != "" {
		fields["folder"] = q.Folder
	}
	if q.Filename != "" {
		fields["filename"] = q.Filename
	}
	if q.Truncate != 0 {
		fields["truncate"] = q.Truncate
	}
	return fields
}

// StartPcap begins to write the decrypted RTP and RTCP packets of a handle to a
// file that Wireshark can read (start_pcap). If a capture is running already, of
// either kind, or if the file cannot be created, the error has the code
// janus.ErrorUnknown. The file contains the media of the participants.
func (c *Client) StartPcap(ctx context.Context, session, handle uint64, q Capture) error {
	return c.onHandle(ctx, "start_pcap", session, handle, q.fields(), nil)
}

// StopPcap ends the capture that StartPcap or StartText2Pcap has started
// (stop_pcap). If no capture is running, the error has the code janus.ErrorUnknown.
func (c *Client) StopPcap(ctx context.Context, session, handle uint64) error {
	return c.onHandle(ctx, "stop_pcap", session, handle, nil, nil)
}

// StartText2Pcap is StartPcap for a text file, which the program text2pcap can
// convert (start_text2pcap).
func (c *Client) StartText2Pcap(ctx context.Context, session, handle uint64, q Capture) error {
	return c.onHandle(ctx, "start_text2pcap", session, handle, q.fields(), nil)
}

// StopText2Pcap is the same as StopPcap (stop_text2pcap).
func (c *Client) StopText2Pcap(ctx context.Context, session, handle uint64) error {
	return c.onHandle(ctx, "stop_text2pcap", session, handle, nil, nil)
}
