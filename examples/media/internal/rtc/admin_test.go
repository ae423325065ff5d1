package rtc

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/admin"
	"github.com/cameronelliott/janus-go/internal/realjanus"
	"github.com/cameronelliott/janus-go/plugin/echotest"
)

// The Admin API describes a PeerConnection that is up, and everything that Janus
// says about it is in the structs of package admin.
func TestHandleInfoWithMedia(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	server := realjanus.Start(t, realjanus.Options{ICEEnforceList: realjanus.MediaAddress(t), HTTP: true})
	session := dialSession(ctx, t, server.URL)
	handle, err := session.Attach(ctx, "", echotest.Name)
	if err != nil {
		t.Fatal(err)
	}
	peer := echoPeer(ctx, t, handle)
	awaitPackets(ctx, t, peer)
	for name, url := range map[string]string{"websocket": server.AdminURL, "HTTP": server.AdminHTTPURL} {
		t.Run(name, func(t *testing.T) {
			client, err := admin.Dial(ctx, url, &admin.Options{Secret: server.AdminSecret})
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := client.Close(); err != nil {
					t.Error(err)
				}
			}()
			info, err := client.HandleInfo(ctx, session.ID, handle.ID)
			if err != nil {
				t.Fatal(err)
			}
			checkInfo(t, info)
			capture(ctx, t, client, handle, func() { awaitPackets(ctx, t, peer) })
		})
	}
}

// checkInfo checks what the Admin API says about audio that comes back.
func checkInfo(t *testing.T, info *admin.HandleInfo) {
	t.Helper()
	type plain admin.HandleInfo // decoded by its tags alone
	strict(t, info.Raw, new(plain))
	strict(t, info.PluginSpecific, new(admin.EchoTestInfo))
	pc := info.WebRTC
	if pc == nil || !info.Flags.Ready || !info.Flags.Negotiated || !strings.HasPrefix(info.SDPs.Local, "v=0") || !strings.HasPrefix(info.SDPs.Remote, "v=0") {
		t.Fatalf("the info is %s", info.Raw)
	}
	if pc.ICE.State != "ready" || len(pc.ICE.LocalCandidates) == 0 || pc.ICE.SelectedPair == "" || pc.DTLS.State != "connected" || !pc.DTLS.Valid {
		t.Errorf("ICE and DTLS are %+v and %+v", pc.ICE, pc.DTLS)
	}
	previous := time.Duration(0)
	for _, next := range []time.Duration{info.AgentCreated, info.AgentStarted, pc.ICE.Connected, pc.DTLS.HandshakeStarted, pc.DTLS.Connected, info.Age} {
		if next <= previous || next > time.Minute {
			t.Errorf("%v follows %v in %s", next, previous, info.Raw)
		}
		previous = next
	}
	for mid, medium := range pc.Media {
		if mid != medium.Mid || medium.Type != "audio" || medium.Codecs.Codec != "opus" || medium.SSRC.Local == 0 || medium.SSRC.Remote == 0 {
			t.Errorf("medium %s is %+v", mid, medium)
		}
		in, out := medium.Stats.In, medium.Stats.Out
		if in.Packets < stretch || in.Bytes == 0 || out.Packets < stretch || out.Bytes == 0 {
			t.Errorf("the counts are %+v and %+v", in, out)
		}
		if rtcp := medium.RTCP.Main; rtcp == nil || rtcp.Base != 48000 || rtcp.RTT > time.Second || rtcp.JitterLocal > time.Second {
			t.Errorf("the RTCP is %+v", rtcp)
		}
	}
	if len(pc.Media) != 1 {
		t.Errorf("there are %d media", len(pc.Media))
	}
}

// capture writes the packets of a handle to a file while f runs.
func capture(ctx context.Context, t *testing.T, client *admin.Client, handle *janus.Handle, f func()) {
	t.Helper()
	folder, session := t.TempDir(), handle.Session().ID
	if err := client.StartPcap(ctx, session, handle.ID, admin.Capture{Folder: folder, Filename: "media.pcap"}); err != nil {
		t.Fatal(err)
	}
	f()
	if err := client.StopPcap(ctx, session, handle.ID); err != nil {
		t.Fatal(err)
	}
	file, err := os.Stat(filepath.Join(folder, "media.pcap"))
	if err != nil {
		t.Fatal(err)
	}
	if file.Size() < stretch*20 { // far less than a second of audio
		t.Errorf("the capture has %d bytes", file.Size())
	}
}

// strict decodes JSON into v, and fails the test if a member is not known.
func strict(t *testing.T, raw []byte, v any) {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil {
		t.Errorf("%v: %s", err, raw)
	}
}
