package echotest_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/internal/realjanus"
	"github.com/cameronelliott/janus-go/plugin/echotest"
)

// offer is an SDP offer of VP8.
const offer = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n" +
	"m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 127.0.0.1\r\na=mid:0\r\na=sendrecv\r\na=rtcp-mux\r\n" +
	"a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\na=setup:actpass\r\n" +
	"a=fingerprint:sha-256 0F:74:31:25:CB:A2:13:EC:28:6F:6D:2C:61:FF:5D:C2:BC:B9:DB:3D:98:14:8D:1A:BB:EA:33:0C:A4:60:A8:8E\r\n" +
	"a=rtpmap:96 VP8/90000\r\n"

// TestRealJanus sends the request with every field to a real Janus. The events
// about layers and slow links need media.
func TestRealJanus(t *testing.T) {
	server := realjanus.Start(t, realjanus.Options{Plugins: []string{"echotest"}})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	session := plugtest.NewSession(ctx, t, server.URL)
	handle, err := session.Attach(ctx, "", echotest.Name)
	if err != nil {
		t.Fatal(err)
	}
	recorder := &plugtest.Recorder{Caller: handle}
	echo := echotest.On(recorder)

	request := everything
	request.Filename = filepath.Join(server.Dir(), request.Filename)
	for _, jsep := range []any{nil, janus.JSEP{Type: "offer", SDP: offer}} {
		started, err := echo.Start(ctx, request, jsep)
		plugtest.CheckAnswer(t, pkg, recorder, started, err)
		plugtest.CheckLossless(t, started, "echotest")
		if answered := started.JSEP != nil && started.JSEP.Type == "answer"; answered != (jsep != nil) {
			t.Errorf("the answer to %v has the jsep %+v", jsep, started.JSEP)
		}
	}
	if _, err := echo.Start(ctx, echotest.Start{}, nil); !errors.Is(err, echotest.ErrorInvalidElement) {
		t.Errorf("without any field: %v", err)
	}
	if _, err := handle.Hangup(ctx, ""); err != nil {
		t.Fatal(err)
	}
	for {
		event := plugtest.Next(ctx, t, pkg, handle)
		plugtest.CheckLossless(t, event, "echotest")
		if _, ok := event.(*echotest.Done); ok {
			return
		}
		t.Errorf("got %T %s", event, event.EventMeta().Raw)
	}
}
