// Command videoroom makes a room of Janus's VideoRoom plugin, publishes Opus
// audio there, subscribes to it, and counts the RTP packets the subscriber gets.
package main

import (
	"cmp"
	"context"
	"fmt"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/examples/media/internal/rtc"
	"github.com/pion/webrtc/v4"
	"golang.org/x/sync/errgroup"
)

const plugin = "janus.plugin.videoroom"

func main() { rtc.Main("videoroom", meet) }

func meet(ctx context.Context, session *janus.Session, config rtc.Config) error {
	handle, err := session.Attach(ctx, "", plugin)
	if err != nil {
		return fmt.Errorf("attach the publisher: %w", err)
	}
	room, err := createRoom(ctx, handle)
	if err != nil {
		return fmt.Errorf("create a room: %w", err)
	}
	err = publish(ctx, session, handle, room, config)
	destroyed := rtc.CleanUp(ctx, func(ctx context.Context) error { return destroyRoom(ctx, handle, room) })
	return cmp.Or(err, destroyed)
}

// createRoom creates a room that lasts until it is destroyed or Janus ends.
func createRoom(ctx context.Context, handle *janus.Handle) (room uint64, err error) {
	reply, err := handle.Request(ctx, "", map[string]any{
		"request": "create", "description": "janus-go example", "audiocodec": "opus", "is_private": true,
	})
	if err != nil {
		return 0, err
	}
	if err := reply.PluginData.Err(); err != nil {
		return 0, err
	}
	var created struct{ Room uint64 }
	err = reply.PluginData.Decode(&created)
	return created.Room, err
}

func destroyRoom(ctx context.Context, handle *janus.Handle, room uint64) error {
	reply, err := handle.Request(ctx, "", map[string]any{"request": "destroy", "room": room})
	if err != nil {
		return err
	}
	return reply.PluginData.Err()
}

// publish joins the room, publishes audio there and subscribes to it.
func publish(ctx context.Context, session *janus.Session, handle *janus.Handle, room uint64, config rtc.Config) (err error) {
	feed, err := join(ctx, handle, room)
	if err != nil {
		return fmt.Errorf("join as publisher: %w", err)
	}
	publisher, err := rtc.NewPeer(handle, config.Loopback)
	if err != nil {
		return err
	}
	defer func() { err = publisher.Close(err) }()
	if err := publisher.AddAudio(webrtc.RTPTransceiverDirectionSendonly); err != nil {
		return err
	}
	if err := publisher.Offer(ctx, map[string]any{"request": "publish"}); err != nil {
		return fmt.Errorf("publish: %w", err)
	}

	ctx, stop := context.WithCancel(ctx)
	defer stop()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return publisher.Run(ctx) })
	group.Go(func() error {
		defer stop()
		// Before this, Janus has nothing to subscribe to.
		if err := rtc.Await(ctx, publisher.Up()); err != nil {
			return err
		}
		return subscribe(ctx, session, room, feed, config)
	})
	if err := group.Wait(); err != nil {
		return err
	}
	fmt.Printf("publisher: media between %s\n", publisher.Path())
	fmt.Printf("publisher: sent %d RTP packets\n", publisher.Sent.Count())
	return nil
}

// join joins a room as a publisher and returns its id as one.
func join(ctx context.Context, handle *janus.Handle, room uint64) (feed uint64, err error) {
	reply, err := rtc.Message(ctx, handle, map[string]any{
		"request": "join", "ptype": "publisher", "room": room, "display": "janus-go",
	}, nil)
	if err != nil {
		return 0, err
	}
	var joined struct{ ID uint64 }
	err = reply.Plugindata.Decode(&joined)
	return joined.ID, err
}

// subscribe subscribes to a publisher of the room until enough packets came.
func subscribe(ctx context.Context, session *janus.Session, room, feed uint64, config rtc.Config) (err error) {
	handle, err := session.Attach(ctx, "", plugin)
	if err != nil {
		return fmt.Errorf("attach the subscriber: %w", err)
	}
	subscriber, err := rtc.NewPeer(handle, config.Loopback)
	if err != nil {
		return err
	}
	defer func() { err = subscriber.Close(err) }()
	offer, err := rtc.Message(ctx, handle, map[string]any{
		"request": "join", "ptype": "subscriber", "room": room,
		"streams": []any{map[string]any{"feed": feed}},
	}, nil)
	if err != nil {
		return fmt.Errorf("join as subscriber: %w", err)
	}
	if err := subscriber.Answer(ctx, offer.Jsep, map[string]any{"request": "start"}); err != nil {
		return fmt.Errorf("subscribe: %w", err)
	}
	if err := subscriber.Hear(ctx, config.Packets); err != nil {
		return fmt.Errorf("subscriber: %w", err)
	}
	fmt.Printf("subscriber: media between %s\n", subscriber.Path())
	fmt.Printf("subscriber: received %d RTP packets\n", subscriber.Received.Count())
	return nil
}
