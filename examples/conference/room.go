package main

import (
	"context"
	"errors"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/plugin/videoroom"
	"github.com/cameronelliott/janus-go/supervisor"
)

// backend is what the supervisor keeps up on Janus: a session, and a handle that
// manages rooms.
type backend struct {
	session *janus.Session
	rooms   *videoroom.Client
}

// up makes a backend and the room. The supervisor calls it for each session.
func (c *conference) up(ctx context.Context, u *supervisor.Unit) (*backend, error) {
	handle, err := u.Attach(ctx, janus.AttachOptions{Plugin: videoroom.Name})
	if err != nil {
		return nil, err
	}
	b := &backend{session: u.Session, rooms: videoroom.On(handle)}
	return b, c.createRoom(ctx, b)
}

// createRoom makes the room, unless it exists, because it has outlived the session or
// belongs to another program. Then it is used as it is.
func (c *conference) createRoom(ctx context.Context, b *backend) error {
	publishers := c.Capacity
	_, err := b.rooms.Create(ctx, videoroom.Create{
		Room:             c.Room,
		Description:      "Conference",
		Secret:           c.secret,
		PIN:              c.pin,
		RequirePrivateID: true, // those who are kicked do not see the others any more
		Publishers:       &publishers,
		AudioCodecs:      videoroom.Codecs{videoroom.Opus},
		VideoCodecs:      videoroom.Codecs{videoroom.VP8}, // it has simulcast in all browsers
		AudioLevelEvent:  true,

		// One talks if the level of half a second is above -50 dBov.
		AudioActivePackets: 25,
		AudioLevelAverage:  50,
	})
	switch {
	case errors.Is(err, videoroom.ErrorRoomExists):
		c.Log.Warn("the room exists already: it can be joined if it was made with the same operator's password", "room", c.Room)
		return nil
	case err == nil:
		c.created.Store(true)
	}
	return err
}

// destroyRoom destroys the room if this program made it.
func (c *conference) destroyRoom(ctx context.Context) {
	if !c.created.Load() || c.janus.Status().State != supervisor.StateUp {
		return
	}
	err := c.janus.Do(ctx, func(ctx context.Context, b *backend) error {
		_, err := b.rooms.Destroy(ctx, videoroom.Destroy{Room: c.Room, Secret: c.secret})
		return err
	})
	if err != nil && !errors.Is(err, videoroom.ErrorNoSuchRoom) {
		c.Log.Warn("the room is left on Janus", "room", c.Room, "err", err)
	}
}
