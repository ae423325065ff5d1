//go:build linux

package browsertest

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"testing"
	"time"

	"github.com/cameronelliott/janus-go/browsertest/internal/chromium"
	"github.com/cameronelliott/janus-go/browsertest/internal/netns"
	"github.com/cameronelliott/janus-go/internal/realjanus"
)

// noConnection is what the browser itself writes in the console when it cannot
// connect. No page can prevent it.
const noConnection = `WebSocket connection to .* failed|ERR_INTERNET_DISCONNECTED|ERR_NETWORK_CHANGED|ERR_ADDRESS_UNREACHABLE`

// The network of one participant is cut for some seconds: his picture stands still
// for the other, and comes back, without a new participant.
func TestNetworkCut(t *testing.T) {
	chromium.Program(t)
	far := netns.New(t)
	c := newCall(t, realjanus.Options{ICEEnforceList: far.Host})
	ada := c.join("Ada")[0]

	address := c.seenFrom(far)
	ben := c.enter(chromium.Options{Network: far, Secure: address}, "Ben", address)
	ben.Tolerate(noConnection)
	ben.AwaitJoined()
	awaitCall(ada, ben)
	id := ben.ID()

	far.Cut(t)
	ada.Await("the picture stands still", not(moving(tile(id, "camera"), 1)))
	ben.Await("the page says that the connection is lost", state("reconnecting"))
	far.Mend(t)
	mended := time.Now()
	awaitCall(ada, ben)
	t.Logf("both see each other again %.1f s after the network came back", time.Since(mended).Seconds())
	if now := ben.ID(); now != id {
		t.Errorf("Ben came back as participant %s, want %s", now, id)
	}
}

// seenFrom makes the page reachable from a network, and returns its address there.
func (c *call) seenFrom(n *netns.Network) string {
	c.t.Helper()
	at, err := url.Parse(c.URL)
	if err != nil {
		c.t.Fatal(err)
	}
	inside := at.Host
	at.Host = netns.Forward(c.t, net.JoinHostPort(n.Host, "0"), func(ctx context.Context) (net.Conn, error) {
		var dialer net.Dialer
		return dialer.DialContext(ctx, "tcp", inside)
	})
	return at.String()
}

// afterRestart is the promise: everybody sees everybody again within ten seconds
// after Janus accepts connections. The bound has room for a slow machine, but not for
// the race detector: with it, the time is only logged.
const afterRestart = 20 * time.Second

func TestJanusRestarts(t *testing.T) {
	c := newCall(t, realjanus.Options{})
	people := c.join("Ada", "Ben", "Cleo")
	awaitCall(people...)
	for i := range 2 {
		c.janus.Kill()
		for _, p := range people {
			p.Await("a sentence", fmt.Sprintf("%s || %s", says("#notice", "server"), says("#notice", "conference")))
		}
		c.janus.Restart(t)
		start := time.Now()
		for _, p := range people {
			p.AwaitPictures(len(people))
		}
		took := time.Since(start)
		t.Logf("restart %d: all see each other again %.1f s after Janus was back", i+1, took.Seconds())
		if took > afterRestart && !raceDetector {
			t.Errorf("that is more than %v", afterRestart)
		}
		awaitCall(people...)
	}
}

// Somebody who asks to join while there is no Janus is in the room once there is one.
func TestJoinBeforeJanus(t *testing.T) {
	c := newCall(t, realjanus.Options{})
	c.join("Ada")[0].Kill()
	c.janus.Kill()
	early := c.enter(chromium.Options{}, "Early", c.URL)
	early.Await("a sentence", says("body", "server is being restarted"))
	early.Click("#cancel") // and once more
	early.Await("the form", `document.body.dataset.state === "form"`)
	early.Click("#join")
	early.Await("a sentence", says("body", "server is being restarted"))
	c.janus.Restart(t)
	early.AwaitJoined()
	awaitCall(early, c.join("Late")[0])
}
