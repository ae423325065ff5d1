package supervisor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"

	"github.com/cameronelliott/janus-go/internal/safelog"
)

// errLocked is the error of lock if somebody else holds the lock.
var errLocked = errors.New("in use by another process or Supervisor")

// file is the store of Adopt.File.
type file struct {
	path string
	log  *safelog.Logger
	lock *os.File // nil until it is held
}

// load takes the lock and reads the file.
func (f *file) load(context.Context) ([]Saved, error) {
	if f.lock == nil {
		held, err := lock(f.path + ".lock")
		if err != nil {
			return nil, fmt.Errorf("lock %s: %w", f.path, err)
		}
		f.lock = held
	}
	text, err := os.ReadFile(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var sessions []Saved
	if err := json.Unmarshal(text, &sessions); err != nil {
		// No further attempt could read it. The sessions time out.
		f.log.Log(slog.LevelWarn, "supervisor: the file of sessions is damaged", "file", f.path, "error", err)
		return nil, nil
	}
	return sessions, nil
}

// save replaces the file.
func (f *file) save(_ context.Context, sessions []Saved) error {
	text, err := json.Marshal(sessions)
	if err != nil {
		return err
	}
	// The lock makes the name ours. O_EXCL does not follow a link that lies there.
	temporary := f.path + ".new"
	if err := os.Remove(temporary); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := write(temporary, text); err != nil {
		return errors.Join(err, os.Remove(temporary))
	}
	return os.Rename(temporary, f.path)
}

// write makes a file that only its owner can read.
func write(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// close gives up the lock.
func (f *file) close() {
	if f.lock != nil {
		_ = f.lock.Close() // nothing was written to it
		f.lock = nil
	}
}
