package main

import (
	"testing"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/realjanus"
	"github.com/cameronelliott/janus-go/internal/testutil"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/videoroom"
)

func TestRealJanus(t *testing.T) {
	began := time.Now()
	server := realjanus.Start(t, realjanus.Options{Plugins: []string{"videoroom"}})
	t.Log(server.Version(), time.Since(began))
	program := start(t, server.URL, nil)
	ada := program.join("Ada")
	bob := program.join("Bob")
	ada.awaitPerson("Bob", bob.id, func(p person) bool { return true })
	ada.send(publishMessage("aaaa", nil))
	t.Log(ada.await("answer").Text)
	ada.send(`{"type":"candidate","pc":"up","candidate":{"candidate":"candidate:1 1 udp 2122260223 127.0.0.1 9 typ host","sdpMid":"0","sdpMLineIndex":0}}`)
	ada.send(`{"type":"candidate","pc":"up","candidate":null}`)
	ada.send(publishMessage("aaaa", videoSection))
	t.Log(ada.await("answer").Text)
	bob.awaitPerson("a screen", ada.id, func(p person) bool { return p.Screen && p.Microphone && p.Camera })
	ada.send(publishMessage("aaaa", inactive(videoSection)))
	t.Log(ada.await("answer").Text)
	ada.send(publishMessage("bbbb", inactive(videoSection)))
	t.Log(ada.await("answer").Text)

	// a guest
	gateway, _, err := janus.Connect(t.Context(), server.URL)
	if err != nil {
		t.Fatal(err)
	}
	session, err := gateway.Create(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	remote := func(name string, nr int) {
		guest := videoroom.On(testutil.Attach(t, session, videoroom.Name))
		added, err := guest.AddRemotePublisher(t.Context(), videoroom.AddRemotePublisher{
			Room: program.Room, Secret: program.secret, ID: plugin.Num(uint64(nr)), Display: name,
			Streams: []videoroom.Stream{
				{Type: videoroom.Audio, Mid: "0", Mindex: 0, Codec: videoroom.Opus},
				{Type: videoroom.Video, Mid: "1", Mindex: 1, Codec: videoroom.VP8, Simulcast: videoroom.Simulcast{On: true}},
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Log(added)
	}
	remote("guest", 77)
	offer := bob.await("offer")
	t.Log(offer.Text)
	remote("guest2", 78)
	remote("guest3", 79)
	bob.send(map[string]any{"type": "answer", "offer": offer.Offer, "sdp": sdpAnswer(offer.SDP)})
	offer = bob.await("offer")
	t.Log(offer.Text)
	bob.send(map[string]any{"type": "answer", "offer": offer.Offer, "sdp": sdpAnswer(offer.SDP)})
	bob.send(`{"type":"layer","mid":"1","substream":0}`)
	bob.send(`{"type":"restart","pc":"down"}`)
	offer = bob.await("offer")
	t.Log(offer.Text)
	bob.send(map[string]any{"type": "answer", "offer": offer.Offer, "sdp": sdpAnswer(offer.SDP)})
	guest := videoroom.On(testutil.Attach(t, session, videoroom.Name))
	if err := guest.RemoveRemotePublisher(t.Context(), videoroom.RemoveRemotePublisher{Room: program.Room, Secret: program.secret, ID: plugin.Num(78)}); err != nil {
		t.Fatal(err)
	}
	offer = bob.await("offer")
	t.Log(offer.Text)

	began = time.Now()
	server.Restart(t)
	t.Log(time.Since(began))
	ada.await("waiting")
	ada.await("restart")
	bob.await("waiting")
	bob.await("restart")
	ada.joinRoom("")
	bob.joinRoom("")
	t.Log(time.Since(began))
}
