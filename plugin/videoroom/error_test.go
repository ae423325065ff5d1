package videoroom_test

import (
	"errors"
	"testing"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/videoroom"
)

// Errors of the plugin can be told apart, on a real Janus and on the stand-in.
func TestErrors(t *testing.T) {
	t.Run("Janus", func(t *testing.T) { checkErrors(converseReal(t, false)) })
	t.Run("stand-in", func(t *testing.T) { checkErrors(converseStandIn(t, "1.4.2", false)) })
}

func checkErrors(c *conversation) {
	ctx, room, unknown := c.ctx, plugin.Num(77), plugin.Num(78)
	u, alice, viewer := c.user(), c.user(), c.user()
	answer(u.Create(ctx, videoroom.Create{Room: room, AdminKey: adminKey, Secret: "s3cret", PIN: "1234", Publishers: ptr(1)})).to(u)
	answer(alice.JoinPublisher(ctx, videoroom.JoinPublisher{Room: room, ID: plugin.Num(1), PIN: "1234"})).to(alice)
	streams := []videoroom.Stream{{Type: videoroom.Audio, Codec: videoroom.Opus, Mid: "0"}}
	answer(u.AddRemotePublisher(ctx, videoroom.AddRemotePublisher{Room: room, Secret: "s3cret", ID: plugin.Num(2), Streams: streams})).to(u)
	next[*videoroom.Published](alice)

	join := func(c *user, q videoroom.JoinPublisher) error {
		_, err := c.JoinPublisher(ctx, q)
		return err
	}
	publish := func(jsep any) error {
		_, err := alice.Publish(ctx, videoroom.Publish{}, jsep)
		return err
	}
	subscribe := func(q videoroom.JoinSubscriber) error {
		q.Room, q.PIN = room, "1234"
		_, err := viewer.JoinSubscriber(ctx, q)
		return err
	}
	for _, test := range []struct {
		what string
		err  error
		want videoroom.ErrorCode
	}{
		{"a request of a publisher on a new handle", u.Unpublish(ctx), videoroom.ErrorJoinFirst},
		{"a request of a subscriber", alice.Pause(ctx), videoroom.ErrorInvalidRequest},
		{"a second join", join(alice, videoroom.JoinPublisher{Room: room, PIN: "1234"}), videoroom.ErrorAlreadyJoined},
		{"a room that is not there", join(u, videoroom.JoinPublisher{Room: unknown}), videoroom.ErrorNoSuchRoom},
		{"a room that is there", second(u.Create(ctx, videoroom.Create{Room: room, AdminKey: adminKey})), videoroom.ErrorRoomExists},
		{"no participant", u.Kick(ctx, videoroom.Kick{Room: room, Secret: "s3cret", ID: unknown}), videoroom.ErrorNoSuchFeed},
		{"no PIN", join(u, videoroom.JoinPublisher{Room: room}), videoroom.ErrorMissingElement},
		{"a wrong action", second(u.Allowed(ctx, videoroom.Allowed{Room: room, Secret: "s3cret", Action: "x"})), videoroom.ErrorInvalidElement},
		{"a wrong secret", u.Kick(ctx, videoroom.Kick{Room: room, Secret: "wrong", ID: plugin.Num(1)}), videoroom.ErrorUnauthorized},
		{"an ID in use", join(u, videoroom.JoinPublisher{Room: room, ID: plugin.Num(1), PIN: "1234"}), videoroom.ErrorIDExists},
		{"a full room", publish(offer(audioSection)), videoroom.ErrorPublishersFull},
		{"nothing published", alice.Unpublish(ctx), videoroom.ErrorNotPublished},
		{"no feed", subscribe(videoroom.JoinSubscriber{Streams: []videoroom.SubscribeStream{{Feed: unknown}}}), videoroom.ErrorNoSuchFeed},
		{"no streams", subscribe(videoroom.JoinSubscriber{}), videoroom.ErrorMissingElement},
		{"an update of nothing", updateOfNothing(c, viewer, room), videoroom.ErrorMissingElement},
	} {
		if !errors.Is(test.err, test.want) {
			c.Errorf("%s: the error is %v, want %d", test.what, test.err, int(test.want))
		}
		var failure *janus.PluginError
		if !errors.As(test.err, &failure) || failure.Reason == "" {
			c.Errorf("%s: the error is %v, want a *janus.PluginError with a reason", test.what, test.err)
		}
	}
}

// second returns the error of a call.
func second[T any](_ T, err error) error { return err }

// updateOfNothing subscribes and sends an Update without fields.
func updateOfNothing(c *conversation, viewer *user, room plugin.ID) error {
	answer(viewer.JoinSubscriber(c.ctx, videoroom.JoinSubscriber{
		Room: room, PIN: "1234", Streams: []videoroom.SubscribeStream{{Feed: plugin.Num(2)}},
	})).to(viewer)
	return second(viewer.Update(c.ctx, videoroom.Update{}))
}
