package supervisor

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/safelog"
	"github.com/cameronelliott/janus-go/internal/socket"
)

// maxLeftovers is how many sessions are remembered. The oldest are forgotten beyond
// that: the server has timed them out.
const maxLeftovers = 100

// leftovers are the sessions that exist, or may exist, on the servers. Those of earlier
// units are destroyed when their server is reached again. Only Run uses it.
type leftovers struct {
	opts     Options
	log      *safelog.Logger
	store    Adopt // Load and Save are nil without Options.Adopt
	file     *file // nil without Adopt.File
	loaded   bool
	sessions []leftover // the oldest first
}

// leftover is a session that exists, or may exist.
type leftover struct {
	Saved
	last bool // of the last run
}

func newLeftovers(opts Options, log *safelog.Logger) *leftovers {
	l := &leftovers{opts: opts, log: log, loaded: opts.Adopt == nil}
	if opts.Adopt == nil {
		return l
	}
	l.store = *opts.Adopt
	if path := l.store.File; path != "" {
		l.file = &file{path: path, log: log}
		l.store.Load, l.store.Save = l.file.load, l.file.save
	}
	return l
}

// open loads the sessions of the last run, unless that is done.
func (l *leftovers) open(ctx context.Context) error {
	if l.loaded {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, l.opts.StopTimeout)
	defer cancel()
	var saved []Saved
	err := guard(l.log, "Load", func() (err error) {
		saved, err = l.store.Load(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("load the sessions of the last run: %w", err)
	}
	l.loaded = true
	for _, s := range saved {
		known := slices.ContainsFunc(l.opts.URLs, func(url string) bool { return socket.Name(url) == s.URL })
		if !known || s.Session == 0 {
			l.log.Log(slog.LevelWarn, "supervisor: a session of the last run is on no server of Options.URLs", "url", s.URL)
			continue
		}
		if left := (leftover{s, true}); !slices.Contains(l.sessions, left) {
			l.push(left)
		}
	}
	return nil
}

// close gives the file to others.
func (l *leftovers) close() {
	if l.file != nil {
		l.file.close()
	}
}

// begin gives a unit its session. The leftovers of its server are destroyed first.
func (l *leftovers) begin(u *Unit, server string) error {
	if err := l.settleAll(u, server); err != nil || u.Session != nil {
		l.save()
		return err
	}
	id := newID()
	l.add(Saved{server, id})
	var err error
	u.Session, err = u.Gateway.CreateWith(u.ctx, u.token, janus.CreateOptions{ID: id})
	switch {
	case err != nil && notMade(err):
		l.remove(id)
		l.save()
	case err == nil && u.Session.ID != id: // the server has its own idea
		l.remove(id)
		l.add(Saved{server, u.Session.ID})
	}
	return err
}

// notMade reports whether a create has certainly made no session.
func notMade(err error) bool {
	var refused *janus.ErrorMsg
	return errors.Is(err, janus.ErrNotSent) || errors.As(err, &refused)
}

// settleAll settles the sessions that are left on a server, the latest first. The caller
// saves what has become of them.
func (l *leftovers) settleAll(u *Unit, server string) error {
	for _, left := range slices.Backward(slices.Clone(l.sessions)) {
		if left.URL != server {
			continue
		}
		if err := l.settle(u, left); err != nil {
			return err
		}
	}
	return nil
}

// settle claims a session and gives it to the unit or destroys it. It returns an error
// if the server does not answer.
func (l *leftovers) settle(u *Unit, left leftover) error {
	session, err := u.Gateway.Claim(u.ctx, u.token, left.Session)
	if err == nil && left.last && l.store.Keep && u.Session == nil {
		u.Session, u.Claimed = session, true
		l.remove(left.Session)
		l.push(leftover{left.Saved, false})
		return nil
	}
	if err == nil {
		_, err = session.Destroy(u.ctx, u.token)
	}
	var refused *janus.ErrorMsg
	switch {
	case err == nil:
		l.log.Log(slog.LevelInfo, "supervisor: destroyed a session that was left", "session", left.Session)
		l.remove(left.Session)
	case errors.Is(err, janus.ErrorSessionNotFound):
		l.remove(left.Session)
	case errors.As(err, &refused):
		l.log.Log(slog.LevelWarn, "supervisor: a session that was left is not destroyed", "session", left.Session, "error", err)
	default:
		return fmt.Errorf("destroy a session that was left: %w", err)
	}
	return nil
}

// ended forgets the session of a unit that has been removed, if it no longer exists.
func (l *leftovers) ended(u *Unit) {
	if u.Session != nil && errors.Is(u.Session.Err(), janus.ErrorSessionNotFound) {
		l.remove(u.Session.ID)
		l.save()
	}
}

// add adds a session of this run and saves it.
func (l *leftovers) add(s Saved) {
	l.push(leftover{s, false})
	l.save()
}

func (l *leftovers) push(s leftover) {
	l.sessions = append(l.sessions, s)
	l.sessions = l.sessions[max(0, len(l.sessions)-maxLeftovers):]
}

func (l *leftovers) remove(id uint64) {
	l.sessions = slices.DeleteFunc(l.sessions, func(s leftover) bool { return s.Session == id })
}

// save stores the sessions. An error is no reason not to serve.
func (l *leftovers) save() {
	if l.store.Save == nil {
		return
	}
	saved := make([]Saved, 0, len(l.sessions))
	for _, s := range l.sessions {
		saved = append(saved, s.Saved)
	}
	ctx, cancel := context.WithTimeout(context.Background(), l.opts.StopTimeout)
	defer cancel()
	if err := guard(l.log, "Save", func() error { return l.store.Save(ctx, saved) }); err != nil {
		l.log.Log(slog.LevelWarn, "supervisor: ids of sessions not saved", "error", err)
	}
}

// newID returns a random id for a session, of as many bits as Janus uses.
func newID() uint64 {
	for {
		var random [8]byte
		_, _ = rand.Read(random[:]) // never fails
		if id := binary.BigEndian.Uint64(random[:]) >> 11; id != 0 {
			return id
		}
	}
}
