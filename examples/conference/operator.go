package main

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"

	"github.com/cameronelliott/janus-go/plugin/videoroom"
)

// maxPasswords is after how many wrong passwords a socket is closed.
const maxPasswords = 3

var (
	errNotSent  = newProblem("not-allowed", "The participant does not send this.")
	errPassword = newProblem("not-allowed", "This is not the operator's password.")
)

// addOperator sends all rooms to a socket, and from then on what changes.
func (c *conference) addOperator(b *browser) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.operators[b] = true
	b.send(roomsMessage{Type: "rooms", Rooms: c.everybody()})
}

// isOperator checks the password. The time that it takes says nothing about the right one.
func (c *conference) isOperator(password string) bool {
	given, want := sha256.Sum256([]byte(password)), sha256.Sum256([]byte(c.Operator))
	return subtle.ConstantTimeCompare(given[:], want[:]) == 1
}

// operate does what the operator asks for.
func (c *conference) operate(ctx context.Context, b *browser, m message) {
	p := c.find(m.Room.ID, m.Participant.ID)
	var err error
	switch {
	case m.Type != "kick" && m.Type != "mute":
		err = errBadMessage
	case p == nil: // it has left
	case m.Type == "kick":
		err = c.kick(ctx, p)
	default:
		err = c.mute(ctx, p, m.Kind, m.Muted)
	}
	if err != nil {
		c.Log.Info("a message of the operator has failed", "type", m.Type, "err", err)
		b.send(problemOf(err, m.Type))
	}
}

// kick removes a participant from its room. It learns that from Janus.
func (c *conference) kick(ctx context.Context, p *participant) error {
	err := c.janus.Do(ctx, func(ctx context.Context, b *backend) error {
		return b.rooms.Kick(ctx, videoroom.Kick{Room: p.room, Secret: c.secret, ID: p.id})
	})
	if errors.Is(err, videoroom.ErrorNoSuchFeed) {
		return nil // it has left
	}
	return err
}

// mute mutes or unmutes all streams of a kind. Janus tells everybody in the room.
func (c *conference) mute(ctx context.Context, p *participant, k kind, muted bool) error {
	mids := c.mids(p, k)
	if len(mids) == 0 {
		return errNotSent
	}
	for _, mid := range mids {
		err := c.janus.Do(ctx, func(ctx context.Context, b *backend) error {
			return b.rooms.Moderate(ctx, videoroom.Moderate{Room: p.room, Secret: c.secret, ID: p.id, Mid: mid, Mute: muted})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// mids returns the mids of the streams of a kind.
func (c *conference) mids(p *participant, k kind) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var mids []string
	for _, s := range p.facts.streams {
		if s.Kind == k {
			mids = append(mids, s.Mid)
		}
	}
	return mids
}
