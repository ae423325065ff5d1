package cascade

import (
	"context"
	"sync"
	"time"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/videoroom"
)

// watcher is a participant that publishes nothing and learns the streams of the
// publishers of its room.
type watcher struct {
	handle *janus.Handle
	id     plugin.ID
	joined time.Time
	ended  chan struct{} // closed when Events has ended

	mu      sync.Mutex // guards all below
	feeds   videoroom.Feeds
	stopped map[plugin.ID]bool // publishers that have stopped since the last snapshot
	stale   bool               // the list may be wrong: events were lost, or the room is gone
}

// watch joins a room and starts to watch. changed is called when something has
// changed.
func watch(ctx context.Context, handle *janus.Handle, q videoroom.JoinPublisher, changed func()) (*watcher, error) {
	joined, err := videoroom.On(handle).JoinPublisher(ctx, q)
	if err != nil {
		return nil, err
	}
	w := &watcher{
		handle: handle, id: joined.ID, joined: time.Now(),
		ended: make(chan struct{}), stopped: make(map[plugin.ID]bool),
	}
	w.feeds.Apply(joined)
	go func() {
		defer close(w.ended)
		for msg := range handle.Events {
			if w.receive(msg) {
				changed()
			}
		}
		w.giveUp()
		changed()
	}()
	return w, nil
}

// receive takes an event and reports whether it concerns the cascade.
func (w *watcher) receive(msg any) bool {
	if _, lost := msg.(*janus.OverflowMsg); lost {
		w.giveUp()
		return true
	}
	event, ok := videoroom.Parse(msg)
	if !ok {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	changed := w.feeds.Apply(event)
	switch event := event.(type) {
	case *videoroom.Talking, *videoroom.StoppedTalking, *videoroom.Moderated:
		return false // and the list is not concerned
	case *videoroom.Destroyed, *videoroom.SelfKicked, *videoroom.SelfLeft:
		w.stale = true
		return true
	default:
		if id := stops(event); !id.IsZero() {
			w.stopped[id] = true
		}
	}
	return changed
}

// stops returns the publisher that an event says has stopped to publish.
func stops(event videoroom.Event) plugin.ID {
	switch event := event.(type) {
	case *videoroom.Unpublished:
		return event.ID
	case *videoroom.Left:
		return event.ID
	case *videoroom.Kicked:
		return event.ID
	}
	return plugin.ID{}
}

// giveUp makes the next pass replace the watcher.
func (w *watcher) giveUp() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stale = true
}

// usable reports whether the watcher can go on watching.
func (w *watcher) usable() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.stale
}

// snapshot returns the publishers, and those of them that have stopped since the
// last snapshot, whether or not they publish again.
func (w *watcher) snapshot() (publishers []videoroom.Publisher, stopped map[plugin.ID]bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	stopped, w.stopped = w.stopped, make(map[plugin.ID]bool)
	return w.feeds.List(), stopped
}
