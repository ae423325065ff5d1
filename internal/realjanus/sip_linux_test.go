package realjanus_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/realjanus"
	"nhooyr.io/websocket"
)

// Two SIP accounts of one server need no registrar: one calls the port of the
// other.
func TestSIPAccountsReachEachOther(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	server := realjanus.Start(t, realjanus.Options{
		Plugins:        []string{"sip"},
		ICEEnforceList: realjanus.MediaAddress(t),
	})
	gateway, group, err := janus.Connect(ctx, server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = gateway.Close(websocket.StatusNormalClosure, "")
		_ = group.Wait()
	}()
	session, err := gateway.Create(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	anna, _ := registerGuest(ctx, t, server, session, "anna")
	berta, port := registerGuest(ctx, t, server, session, "berta")

	call := map[string]any{"request": "call", "uri": fmt.Sprintf("sip:berta@127.0.0.1:%d", port)}
	offer := map[string]any{"type": "offer", "sdp": audioOffer}
	if _, err := anna.Message(ctx, "", call, offer); err != nil {
		t.Fatal(err)
	}
	if result := nextResult(ctx, t, berta); result["event"] != "incomingcall" {
		t.Errorf("the first event of the account that is called is %v, want incomingcall", result)
	}
}

// registerGuest registers an account and returns its handle and its SIP port.
func registerGuest(ctx context.Context, t *testing.T, server *realjanus.Server, session *janus.Session, name string) (*janus.Handle, int) {
	t.Helper()
	handle, err := session.Attach(ctx, "", "janus.plugin.sip")
	if err != nil {
		t.Fatal(err)
	}
	before, err := server.UDPPorts()
	if err != nil {
		t.Fatal(err)
	}
	answer, err := handle.Message(ctx, "", map[string]any{
		"request": "register", "type": "guest", "username": "sip:" + name + "@127.0.0.1",
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := answer.Plugindata.Err(); err != nil {
		t.Fatal(err)
	}
	after, err := server.UDPPorts()
	if err != nil {
		t.Fatal(err)
	}
	added := slices.DeleteFunc(after, func(port int) bool { return slices.Contains(before, port) })
	if len(added) != 1 {
		t.Fatalf("the ports that registering %s bound are %v, want one", name, added)
	}
	return handle, added[0]
}

// nextResult waits for the plugin's next event and returns its result.
func nextResult(ctx context.Context, t *testing.T, handle *janus.Handle) map[string]any {
	t.Helper()
	select {
	case message := <-handle.Events:
		event, ok := message.(*janus.EventMsg)
		if !ok {
			t.Fatalf("got %T, want *janus.EventMsg", message)
		}
		result, _ := event.Plugindata.Data["result"].(map[string]any)
		return result
	case <-ctx.Done():
		t.Fatal("no event came")
	}
	panic("unreachable")
}

// audioOffer is an SDP offer of Opus by a peer that will not be connected.
var audioOffer = strings.Join([]string{
	"v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0",
	"m=audio 9 UDP/TLS/RTP/SAVPF 111", "c=IN IP4 0.0.0.0", "a=mid:0", "a=sendrecv", "a=rtcp-mux",
	"a=rtpmap:111 opus/48000/2", "a=setup:actpass", "a=ice-ufrag:ufrag", "a=ice-pwd:passwordpasswordpassword",
	"a=fingerprint:sha-256 " + strings.TrimSuffix(strings.Repeat("AB:", 32), ":"), "",
}, "\r\n")
