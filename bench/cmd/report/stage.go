package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/cameronelliott/janus-go/bench/internal/spawn"
	"github.com/cameronelliott/janus-go/internal/realjanus"
)

// The names of the servers and of the contenders.
const (
	realJanus = "real Janus"
	scripted  = "scripted"

	ours    = "ours"
	typed   = "ours-typed"  // readers parse their events
	traced  = "ours-traced" // with hooks
	kept    = "ours-kept"   // with keepalives
	floor   = "floor"
	notedit = "notedit"
	janode  = "Janode"
)

// contender is a client that is measured.
type contender struct {
	Name    string
	Version string
	own     bool // it must not fail
	command func(url string) []string
}

// stage is where everything takes place.
type stage struct {
	Contenders []contender
	variants   []contender // this library with other options
	ctx        context.Context
	Missing    []string // peers, and why they are not there
	Problems   []string // what contenders could not do

	urls     map[string]string
	programs string
	janus    *realjanus.Server
	scripted *spawn.Server
}

// newStage builds the programs, starts the servers and fetches the peers.
func newStage(ctx context.Context, module string, peers bool) (s *stage, err error) {
	s = &stage{ctx: ctx, urls: make(map[string]string)}
	defer func() {
		if err != nil {
			err = firstError(err, s.Close())
		}
	}()
	if s.programs, err = os.MkdirTemp("", "janus-bench"); err != nil {
		return nil, err
	}
	if err := s.build(ctx, module, "./cmd/client", "./cmd/server"); err != nil {
		return nil, err
	}
	if s.janus, err = realjanus.Run(ctx, filepath.Join(s.programs, "janus"), realjanus.Options{}); err != nil {
		return nil, err
	}
	if s.scripted, err = spawn.StartServer(ctx, s.program("server")); err != nil {
		return nil, err
	}
	s.urls[realJanus], s.urls[scripted] = s.janus.URL, s.scripted.URL
	s.Contenders = []contender{s.own(ours), s.own(floor)}
	s.variants = []contender{s.own(typed), s.own(traced), s.own(kept)}
	if peers {
		s.addPeers(ctx, module)
	}
	return s, nil
}

// own returns a contender of this module.
func (s *stage) own(name string) contender {
	return contender{Name: name, own: true, command: func(url string) []string {
		return []string{s.program("client"), "-contender", name, "-url", url}
	}}
}

func (s *stage) add(c contender) { s.Contenders = append(s.Contenders, c) }

func (s *stage) program(name string) string { return filepath.Join(s.programs, name) }

// addPeers fetches the peers. One that cannot be had is named.
func (s *stage) addPeers(ctx context.Context, module string) {
	version, err := fetch(ctx, module, "notedit")
	if err == nil {
		err = s.build(ctx, module, "-mod=mod", "-modfile=peers/notedit/build.mod", "./notedit/main.go")
	}
	if err != nil {
		s.miss(notedit, err)
	} else {
		s.add(contender{Name: notedit, Version: version, command: func(url string) []string {
			return []string{s.program("main"), "-url", url}
		}})
	}
	version, err = fetch(ctx, module, "janode")
	if err != nil {
		s.miss(janode, err)
		return
	}
	s.add(contender{Name: janode, Version: version, command: func(url string) []string {
		return []string{"node", "--expose-gc", filepath.Join(module, "janode", "client.mjs"), url}
	}})
}

func (s *stage) miss(peer string, err error) {
	s.Missing = append(s.Missing, fmt.Sprintf("%s: %v", peer, err))
}

// build builds commands into the folder of the programs.
func (s *stage) build(ctx context.Context, module string, arguments ...string) error {
	arguments = append([]string{"build", "-o", s.programs + string(filepath.Separator)}, arguments...)
	_, err := output(ctx, module, "go", arguments...)
	return err
}

// fetch runs fetch-peers and returns the peer's version.
func fetch(ctx context.Context, module, peer string) (string, error) {
	version, err := output(ctx, module, "./fetch-peers", peer)
	if err != nil {
		return "", errors.New("fetch-peers " + peer + " failed")
	}
	return version, nil
}

// output runs a command in dir and returns what it prints.
func output(ctx context.Context, dir, name string, arguments ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, arguments...)
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	text, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w", name, strings.Join(arguments, " "), err)
	}
	return strings.TrimSpace(string(text)), nil
}

// start runs a contender that is connected to one of the servers.
func (s *stage) start(ctx context.Context, c contender, server string) (*spawn.Client, error) {
	return spawn.StartClient(ctx, c.Name, c.command(s.urls[server])...)
}

// contender returns the one with this name, or nil if it is missing.
func (s *stage) contender(name string) *contender {
	for _, list := range [][]contender{s.Contenders, s.variants} {
		for i := range list {
			if list[i].Name == name {
				return &list[i]
			}
		}
	}
	return nil
}

// Close ends the servers and removes the programs.
func (s *stage) Close() error {
	var errs []error
	if s.scripted != nil {
		errs = append(errs, s.scripted.Close())
	}
	if s.janus != nil {
		errs = append(errs, s.janus.Close())
	}
	return errors.Join(append(errs, os.RemoveAll(s.programs))...)
}
