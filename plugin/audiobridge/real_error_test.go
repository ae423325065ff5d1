package audiobridge_test

import (
	"errors"
	"testing"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/plugin/audiobridge"
)

// TestRealErrors provokes the errors that a client can provoke. The others are
// of libopus, or about messages that the client does not send.
func TestRealErrors(t *testing.T) {
	c := converse(t, false)
	m, alice, bob := c.user(), c.user(), c.user()
	room, none, id := c.id(1, "room"), c.id(2, "none"), c.id(3, "alice")
	ok(m.Create(c.ctx, audiobridge.Create{Room: room, PIN: pin, Groups: []string{group}, AllowRTPParticipants: true, AdminKey: adminKey})).to(m)
	join := audiobridge.Join{Room: room, ID: id, PIN: pin, Group: group}
	ok(alice.Join(c.ctx, join, nil)).to(alice)
	// joining returns the error of bob's Join with a change.
	joining := func(change func(q *audiobridge.Join), jsep any) error {
		q := join
		q.ID = c.id(4, "bob")
		change(&q)
		_, err := bob.Join(c.ctx, q, jsep)
		return err
	}
	provoke := map[audiobridge.ErrorCode]func() error{
		audiobridge.ErrorInvalidRequest: func() error {
			_, err := m.handle.Call(c.ctx, map[string]any{"request": "list_forwarders"}, nil)
			return err
		},
		audiobridge.ErrorMissingElement: func() error { return joining(func(q *audiobridge.Join) { q.Group = "" }, nil) },
		audiobridge.ErrorInvalidElement: func() error { return joining(func(q *audiobridge.Join) { q.Quality = 11 }, nil) },
		audiobridge.ErrorUnauthorized:   func() error { return joining(func(q *audiobridge.Join) { q.PIN = "0000" }, nil) },
		audiobridge.ErrorIDExists:       func() error { return joining(func(q *audiobridge.Join) { q.ID = id }, nil) },
		audiobridge.ErrorNoSuchGroup:    func() error { return joining(func(q *audiobridge.Join) { q.Group = "none" }, nil) },
		audiobridge.ErrorNoSuchRoom:     func() error { return joining(func(q *audiobridge.Join) { q.Room = none }, nil) },
		audiobridge.ErrorInvalidSDP: func() error {
			carol, q := c.user(), join
			q.ID, q.GenerateOffer, q.RTP = c.id(5, "carol"), true, new(audiobridge.RTP)
			if _, err := carol.Join(c.ctx, q, nil); err != nil {
				return err
			}
			_, err := carol.Configure(c.ctx, audiobridge.Configure{}, janus.JSEP{Type: "offer", SDP: offer})
			return err // Janus was to offer
		},
		audiobridge.ErrorAlreadyJoined: func() error { _, err := alice.Join(c.ctx, join, nil); return err },
		audiobridge.ErrorNotJoined:     func() error { _, err := bob.Leave(c.ctx); return err },
		audiobridge.ErrorRoomExists: func() error {
			_, err := m.Create(c.ctx, audiobridge.Create{Room: room, AdminKey: adminKey})
			return err
		},
		audiobridge.ErrorNoSuchUser: func() error { return m.Kick(c.ctx, audiobridge.Kick{Room: room, ID: none}) },
		audiobridge.ErrorUnknown: func() error {
			_, err := m.PlayFile(c.ctx, audiobridge.PlayFile{Room: room, Group: group, Filename: "/none.opus", AdminKey: adminKey})
			return err
		},
	}
	if !c.server.AtLeast(1, 3, 2) {
		delete(provoke, audiobridge.ErrorInvalidSDP) // its plain RTP participants take no offers
	}
	for want, do := range provoke {
		err := do()
		plugged := new(janus.PluginError)
		if !errors.Is(err, want) || !errors.As(err, &plugged) || plugged.Plugin != audiobridge.Name {
			t.Errorf("got %v, want %v", err, want)
		}
	}
}
