package main

import (
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/videoroom"
)

// guest tells the browser about a publisher that has not joined through this program.
func (p *participant) guest(publisher videoroom.Publisher) {
	guest := person{ID: id{publisher.ID}, Name: publisher.Display, Talking: publisher.Talking, Muted: []kind{}}
	for _, s := range publisher.Streams {
		if s.Disabled || s.Type == videoroom.Data {
			continue
		}
		k := kindOf(s.Type, s.Description)
		guest.Microphone = guest.Microphone || k == microphone
		guest.Camera = guest.Camera || k == camera
		guest.Screen = guest.Screen || k == screen
		if s.Moderated {
			guest.Muted = append(guest.Muted, k)
		}
	}
	p.setGuest(guest)
}

func (p *participant) setGuest(guest person) {
	p.conference.mu.Lock()
	defer p.conference.mu.Unlock()
	p.guests[guest.ID.ID] = guest
	if p.joined {
		p.browserSend(encode(participantMessage{Type: "participant", Room: id{p.room}, Participant: guest}))
	}
}

// guestGone tells the browser that a publisher has gone, if it was a guest.
func (p *participant) guestGone(who plugin.ID) {
	p.conference.mu.Lock()
	defer p.conference.mu.Unlock()
	if _, ok := p.guests[who]; !ok {
		return
	}
	delete(p.guests, who)
	p.browserSend(encode(leftMessage{Type: "left", Room: id{p.room}, ID: id{who}, Reason: left}))
}
