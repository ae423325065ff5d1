// Command echotest sends Opus audio to Janus's EchoTest plugin, and counts the
// RTP packets that come back.
package main

import (
	"context"
	"fmt"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/examples/media/internal/rtc"
	"github.com/pion/webrtc/v4"
)

func main() { rtc.Main("echotest", echo) }

func echo(ctx context.Context, session *janus.Session, config rtc.Config) (err error) {
	handle, err := session.Attach(ctx, "", "janus.plugin.echotest")
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
	if err := peer.Offer(ctx, map[string]any{"audio": true, "video": false}); err != nil {
		return err
	}
	if err := peer.Hear(ctx, config.Packets); err != nil {
		return err
	}
	fmt.Printf("media between %s\n", peer.Path())
	fmt.Printf("sent %d RTP packets, received %d of them back\n", peer.Sent.Count(), peer.Received.Count())
	return nil
}
