package supervisor

import (
	"context"
	"errors"
)

// Adopt keeps the ids of sessions outside of the process. An id is saved before Janus is
// asked to create the session, and removed when the session is gone. When a process was
// killed, its successor loads the ids and, once it is connected to their server, claims
// the sessions and destroys them before it calls up.
//
// Either set File, or Load and Save. Each Supervisor needs a store of its own: one that
// loaded the ids of another would destroy its sessions.
//
// A session id is a secret: whoever knows it can control the session.
type Adopt struct {
	// File is the path of a file that has the ids. It is replaced as a whole, and can
	// be read by its owner only. Its directory must exist and be writable. A file beside it, with the ending .lock, is locked
	// until Run ends, on Linux, macOS, the BSDs and Windows. While another process or
	// Supervisor holds the lock, attempts to make a unit fail, and are repeated. The lock
	// file is not removed.
	File string

	// Load returns the sessions that Save last stored, in this process or an earlier
	// one, or nil if there are none. It is called once before the first dial. An error
	// or a panic fails the attempt, and it is called again for the next. ctx ends after
	// Options.StopTimeout.
	Load func(ctx context.Context) ([]Saved, error)

	// Save replaces what was saved. Calls are made one after the other. An error or
	// a panic is logged. ctx ends after Options.StopTimeout.
	Save func(ctx context.Context, sessions []Saved) error

	// Keep makes the first unit take over the session of the last run, if the server
	// still has it, instead of creating one. Unit.Claimed is then true. up takes over
	// the handles with Unit.Adopt; their ids are for the application to keep. Default:
	// the sessions of the last run are destroyed.
	Keep bool
}

// Saved is a session that exists, or may exist.
type Saved struct {
	URL     string `json:"url"` // of the server, without credentials
	Session uint64 `json:"session"`
}

var (
	errNoStore   = errors.New("supervisor: Options.Adopt has neither File nor Load and Save")
	errTwoStores = errors.New("supervisor: Options.Adopt has both File and Load or Save")
)

// check returns what is wrong with the options.
func (a *Adopt) check() error {
	switch {
	case a == nil:
		return nil
	case a.File != "" && (a.Load != nil || a.Save != nil):
		return errTwoStores
	case a.File == "" && (a.Load == nil || a.Save == nil):
		return errNoStore
	}
	return nil
}
