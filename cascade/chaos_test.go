package cascade

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/cameronelliott/janus-go/internal/testutil"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/videoroom"
)

// chaotic requests are those of the controller alone.
var chaotic = []string{
	"listparticipants", "listremotes", "listforwarders", "add_remote_publisher", "update_remote_publisher",
	"remove_remote_publisher", "publish_remotely", "unpublish_remotely",
}

// disturb makes one in n requests of the controller to a site fail: some are
// refused, and others are not answered, whether they are carried out or not.
func (s *site) disturb(n int) {
	s.Intercept(func(frame json.RawMessage, reply func(any)) bool {
		var request struct {
			Transaction string
			Body        struct{ Request string }
		}
		if json.Unmarshal(frame, &request) != nil || !slices.Contains(chaotic, request.Body.Request) || rand.IntN(n) > 0 {
			return false
		}
		if rand.IntN(2) == 0 {
			reply(map[string]any{"janus": "error", "transaction": request.Transaction, "error": map[string]any{"code": 490, "reason": "chaos"}})
		}
		return true
	})
}

// Servers restart, publishers come, change and go, requests fail, and the
// controller is replaced. Afterwards the room is whole, and nothing is doubled or
// left over.
func TestChaos(t *testing.T) {
	t.Parallel()
	opts := Options{
		Interval: 50 * time.Millisecond, DeadAfter: time.Second, CallTimeout: 100 * time.Millisecond, Resync: 500 * time.Millisecond,
		Secret: []byte("secret"),
	}
	c := newCluster(t, number, opts, "1.4.2", "1.1.2", "1.4.2")
	users := make(map[*user]int) // and their sites
	for range 60 {
		for _, s := range c.sites {
			s.disturb(20)
		}
		n := rand.IntN(len(c.sites))
		switch action := rand.IntN(10); {
		case action < 4 && len(users) < 12:
			if u := c.tryJoin(n); u != nil {
				users[u] = n
			}
		case action < 6:
			for u := range users {
				_, _ = u.ConfigurePublisher(testutil.Context(t), videoroom.ConfigurePublisher{}, offer(randomSections()...)) // its server may have restarted
				break
			}
		case action < 7:
			for u := range users {
				_, _ = u.handle.Detach(testutil.Context(t), "") // its server may have restarted
				delete(users, u)
				break
			}
		case action < 8:
			c.sites[n].Restart()
			for u, site := range users {
				if site == n {
					delete(users, u)
				}
			}
		case action < 9:
			c.start(opts)
		}
		time.Sleep(time.Duration(rand.IntN(60)) * time.Millisecond)
	}
	for _, s := range c.sites {
		s.Intercept(nil)
	}
	testutil.Eventually(t, "the room is whole", func() bool {
		return c.Sync(testutil.Context(t)) == nil && c.whole(users) == ""
	})
	if problem := c.whole(users); problem != "" {
		t.Error(problem)
	}
	t.Logf("%d publishers", len(users))
}

// tryJoin joins the room on a site and publishes, or returns nil if the room is
// not there.
func (c *cluster) tryJoin(site int) *user {
	handle, err := c.sites[site].attach(testutil.Context(c))
	if err != nil {
		return nil
	}
	u := &user{Client: videoroom.On(handle), cluster: c, handle: handle}
	joined, err := u.JoinPublisher(testutil.Context(c), videoroom.JoinPublisher{Room: c.room, Display: "somebody"})
	if err != nil {
		return nil
	}
	u.id = joined.ID
	if _, err := u.ConfigurePublisher(testutil.Context(c), videoroom.ConfigurePublisher{}, offer(randomSections()...)); err != nil {
		return nil
	}
	return u
}

// randomSections are of growing length, so that they can be renegotiated.
func randomSections() []string {
	sections := []string{audio, []string{video, disabled + video}[rand.IntN(2)]}
	if rand.IntN(2) == 0 {
		sections = append(sections, []string{video, disabled + video}[rand.IntN(2)])
	}
	return sections
}

// whole returns what is wrong with the room, or "".
func (c *cluster) whole(users map[*user]int) string {
	views := make([]view, len(c.sites))
	for i := range c.sites {
		views[i] = c.view(i)
	}
	sent := make(map[int]map[plugin.ID]bool) // which remote publishers of a site are fed
	for i := range c.sites {
		sent[i] = make(map[plugin.ID]bool)
	}
	for u, site := range users {
		remotes := u.remotizations(site)
		if len(remotes) != len(c.sites)-1 {
			return "a publisher is not sent to each other site once"
		}
		for _, r := range remotes {
			name, _ := c.names.parseRemoteID(r.RemoteID)
			to := int(name.to[0] - 'A')
			id := c.names.id(route{c.sites[site].name, u.id, name.to}, name.nonce)
			sent[to][id] = true
			if len(views[to].streams[id]) != len(views[site].streams[u.id]) {
				return "a publisher has other streams on another site"
			}
		}
	}
	for i, v := range views {
		if len(v.remotes) != len(sent[i]) {
			return "a site has other remote publishers than are fed"
		}
		for _, r := range v.remotes {
			if !sent[i][r.ID] {
				return "nobody feeds a remote publisher"
			}
		}
	}
	return ""
}
