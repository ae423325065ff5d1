package main

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/cameronelliott/janus-go/admin"
)

// watch asks for one handle that pages have open, again and again.
type watch struct {
	id     ids
	pages  int // how many have it open; guarded by server.mu
	cancel context.CancelFunc

	mu      sync.Mutex // guards the fields below
	info    *admin.HandleInfo
	raw     json.RawMessage // the same without tokens
	updated int64           // when it was read, in Unix ms; 0: never
	failure string
	seen    bool // the state has had it
	gone    bool
}

// watch returns the watch of a handle, and starts it unless another page has. ctx is
// that of the program. Each watch needs a call of unwatch.
func (s *server) watch(ctx context.Context, id ids) *watch {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.watches[id]
	if w == nil {
		w = &watch{id: id}
		ctx, w.cancel = context.WithCancel(ctx)
		s.watches[id] = w
		go w.run(ctx, s)
	}
	w.pages++
	s.state.watch(id, 1)
	return w
}

// unwatch ends what watch began.
func (s *server) unwatch(w *watch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.watch(w.id, -1)
	if w.pages--; w.pages == 0 {
		w.cancel()
		delete(s.watches, w.id)
	}
}

// watch counts the pages that have a handle open.
func (s *state) watch(id ids, change int32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.watched[id] += change; s.watched[id] == 0 {
		delete(s.watched, id)
	}
	if h := s.handles[id]; h != nil {
		for _, m := range h.media {
			m.watched = s.watched[id] > 0
		}
	}
}

// run asks for the handle until ctx ends or the handle has gone.
func (w *watch) run(ctx context.Context, s *server) {
	ticker := time.NewTicker(s.interval)
	defer ticker.Stop()
	for {
		if w.ask(ctx, s) {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// ask asks for the handle once, and reports whether it has gone.
func (w *watch) ask(ctx context.Context, s *server) (gone bool) {
	began := time.Now().UnixMilli()
	info, err := w.read(ctx, s)
	now := time.Now().UnixMilli()
	seen := false
	switch {
	case err == nil:
		seen = s.state.setInfo(w.id, info, began, now)
	case isGone(err):
		gone = true
		s.state.remove(w.id)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen, w.gone, w.failure = w.seen || seen, gone, ""
	switch {
	case err == nil:
		w.info, w.raw, w.updated = info, withoutTokens(info.Raw), now
	case !gone:
		w.failure = err.Error()
	}
	return gone
}

func (w *watch) read(ctx context.Context, s *server) (*admin.HandleInfo, error) {
	client := s.current()
	if client == nil {
		return nil, errNotConnected
	}
	return client.HandleInfo(ctx, w.id.session, w.id.handle)
}
