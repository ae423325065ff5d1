// Command videoroom makes a room of Janus's VideoRoom plugin, publishes Opus
// audio there, subscribes to it, and counts the RTP packets that the subscriber
// receives.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/examples/media/internal/rtc"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/videoroom"
	"github.com/pion/webrtc/v4"
	"golang.org/x/sync/errgroup"
)

var packets = flag.Int("packets", 100, "how many RTP `packets` the subscriber must receive")

func main() { rtc.Main("videoroom", meet) }

func meet(ctx context.Context, session *janus.Session, config rtc.Config) error {
	handle, err := session.Attach(ctx, "", videoroom.Name)
	if err != nil {
		return fmt.Errorf("attach the publisher: %w", err)
	}
	rooms := videoroom.On(handle)
	created, err := rooms.Create(ctx, videoroom.Create{
		Description: "janus-go example", AudioCodecs: videoroom.Codecs{videoroom.Opus}, IsPrivate: true,
	})
	if err != nil {
		return err
	}
	err = publish(ctx, session, handle, created.Room, config)
	destroyed := rtc.CleanUp(ctx, func(ctx context.Context) error {
		_, err := rooms.Destroy(ctx, videoroom.Destroy{Room: created.Room})
		return err
	})
	return cmp.Or(err, destroyed)
}

// publish joins the room, publishes audio there and subscribes to it.
func publish(ctx context.Context, session *janus.Session, handle *janus.Handle, room plugin.ID, config rtc.Config) (err error) {
	client := videoroom.On(handle)
	joined, err := client.JoinPublisher(ctx, videoroom.JoinPublisher{Room: room, Display: "janus-go"})
	if err != nil {
		return err
	}
	publisher, err := rtc.NewPeer(handle, config.Loopback)
	if err != nil {
		return err
	}
	defer func() { err = publisher.Close(err) }()
	if err := publisher.AddAudio(webrtc.RTPTransceiverDirectionSendonly); err != nil {
		return err
	}
	err = publisher.Offer(func(offer any) (*janus.JSEP, error) {
		configured, err := client.Publish(ctx, videoroom.Publish{}, offer)
		if err != nil {
			return nil, err
		}
		return configured.JSEP, nil
	})
	if err != nil {
		return err
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
		return subscribe(ctx, session, room, joined.ID, config)
	})
	if err := group.Wait(); err != nil {
		return err
	}
	fmt.Printf("publisher: media between %s\n", publisher.Path())
	fmt.Printf("publisher: sent %d RTP packets\n", publisher.Sent.Count())
	return nil
}

// subscribe subscribes to a publisher of the room until enough packets are
// received.
func subscribe(ctx context.Context, session *janus.Session, room, feed plugin.ID, config rtc.Config) (err error) {
	handle, err := session.Attach(ctx, "", videoroom.Name)
	if err != nil {
		return fmt.Errorf("attach the subscriber: %w", err)
	}
	subscriber, err := rtc.NewPeer(handle, config.Loopback)
	if err != nil {
		return err
	}
	defer func() { err = subscriber.Close(err) }()
	client := videoroom.On(handle)
	attached, err := client.JoinSubscriber(ctx, videoroom.JoinSubscriber{
		Room: room, Streams: []videoroom.SubscribeStream{{Feed: feed}},
	})
	if err != nil {
		return err
	}
	if err := subscriber.Answer(attached.JSEP, func(answer any) error { return client.Start(ctx, answer) }); err != nil {
		return err
	}
	if err := subscriber.Hear(ctx, *packets); err != nil {
		return fmt.Errorf("subscriber: %w", err)
	}
	fmt.Printf("subscriber: media between %s\n", subscriber.Path())
	fmt.Printf("subscriber: received %d RTP packets\n", subscriber.Received.Count())
	return nil
}
