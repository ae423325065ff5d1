// Command echotest sends Opus audio to Janus's EchoTest plugin and counts the RTP
// packets that come back.
package main

import (
	"context"
	"flag"
	"fmt"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/examples/media/internal/rtc"
	"github.com/cameronelliott/janus-go/plugin/echotest"
	"github.com/pion/webrtc/v4"
)

var packets = flag.Int("packets", 100, "how many RTP `packets` must come back")

func main() { rtc.Main("echotest", echo) }

func echo(ctx context.Context, session *janus.Session, config rtc.Config) (err error) {
	handle, err := session.Attach(ctx, "", echotest.Name)
	if err != nil {
		return fmt.Errorf("attach to the EchoTest: %w", err)
	}
	peer, err := rtc.NewPeer(handle, config.Loopback)
	if err != nil {
		return err
	}
	defer func() { err = peer.Close(err) }()
	if err := peer.AddAudio(webrtc.RTPTransceiverDirectionSendrecv); err != nil {
		return err
	}
	err = peer.Offer(func(offer any) (*janus.JSEP, error) {
		audio, video := true, false
		started, err := echotest.On(handle).Start(ctx, echotest.Start{Audio: &audio, Video: &video}, offer)
		if err != nil {
			return nil, err
		}
		return started.JSEP, nil
	})
	if err != nil {
		return err
	}
	if err := peer.Hear(ctx, *packets); err != nil {
		return err
	}
	fmt.Printf("media between %s\n", peer.Path())
	fmt.Printf("sent %d RTP packets, received %d of them back\n", peer.Sent.Count(), peer.Received.Count())
	return nil
}
