// Command roomservice keeps a VideoRoom up, and has an HTTP interface for it:
//
//	go run ./examples/roomservice -janus ws://127.0.0.1:8188 -listen 127.0.0.1:8080
//	curl http://127.0.0.1:8080/participants
//	curl -X POST http://127.0.0.1:8080/kick?id=123
//
// When Janus is restarted, or the session ends for another reason, the room is made
// again, on the same Janus or the next one of -janus. Requests wait in the meantime.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/videoroom"
	"github.com/cameronelliott/janus-go/supervisor"
)

func main() {
	urls := flag.String("janus", "ws://127.0.0.1:8188", "`addresses` of Janus servers, separated by commas")
	listen := flag.String("listen", "127.0.0.1:8080", "`address` to listen on")
	room := flag.Uint64("room", 4321, "`number` of the room")
	state := flag.String("state", "", "`file` for the session's id, to clean up after a crash")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	opts := &supervisor.Options{URLs: strings.FieldsFunc(*urls, func(r rune) bool { return r == ',' || r == ' ' })}
	if *state != "" {
		opts.Adopt = &supervisor.Adopt{File: *state}
	}
	if err := newService(plugin.Num(*room), opts).run(ctx, listener); err != nil {
		log.Fatal(err)
	}
}

// service is a room and what keeps it up.
type service struct {
	room   plugin.ID
	secret string
	janus  *supervisor.Supervisor[*videoroom.Client]
}

func newService(room plugin.ID, opts *supervisor.Options) *service {
	s := &service{room: room, secret: cmp.Or(os.Getenv("ROOM_SECRET"), "adminpwd")}
	s.janus = supervisor.New(s.up, opts)
	return s
}

// up makes the room, unless Janus still has it, and returns the client for it.
func (s *service) up(ctx context.Context, u *supervisor.Unit) (*videoroom.Client, error) {
	handle, err := u.Attach(ctx, janus.AttachOptions{Plugin: videoroom.Name})
	if err != nil {
		return nil, err
	}
	client := videoroom.On(handle)
	return client, s.create(ctx, client)
}

// create makes the room, unless it exists.
func (s *service) create(ctx context.Context, client *videoroom.Client) error {
	_, err := client.Create(ctx, videoroom.Create{Room: s.room, Secret: s.secret, Description: "Room service"})
	if !errors.Is(err, videoroom.ErrorRoomExists) {
		return err
	}
	return nil
}

// run serves until ctx ends or one of its two parts fails.
func (s *service) run(ctx context.Context, listener net.Listener) error {
	group, ctx := errgroup.WithContext(ctx)
	server := &http.Server{Handler: s.handler(), ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute}
	group.Go(func() error { return s.janus.Run(ctx) })
	group.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		closing, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		return server.Shutdown(closing)
	})
	return group.Wait()
}

func (s *service) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /participants", s.participants)
	mux.HandleFunc("POST /kick", s.kick)
	return http.TimeoutHandler(mux, 10*time.Second, "Janus is not available")
}

// participants lists who is in the room, and makes it again if somebody has destroyed it.
func (s *service) participants(w http.ResponseWriter, r *http.Request) {
	var list *videoroom.Participants
	err := s.janus.DoIdempotent(r.Context(), func(ctx context.Context, room *videoroom.Client) (err error) {
		list, err = room.ListParticipants(ctx, videoroom.ListParticipants{Room: s.room})
		if errors.Is(err, videoroom.ErrorNoSuchRoom) && s.create(ctx, room) == nil {
			list, err = room.ListParticipants(ctx, videoroom.ListParticipants{Room: s.room})
		}
		return err
	})
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(list.Participants) // the client may have gone
}

// kick removes a participant. The request is sent once.
func (s *service) kick(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.ParseUint(r.FormValue("id"), 10, 64)
	if err != nil || id == 0 {
		http.Error(w, "id: not the number of a participant", http.StatusBadRequest)
		return
	}
	err = s.janus.Do(r.Context(), func(ctx context.Context, room *videoroom.Client) error {
		return room.Kick(ctx, videoroom.Kick{Room: s.room, Secret: s.secret, ID: plugin.Num(id)})
	})
	switch {
	case errors.Is(err, videoroom.ErrorNoSuchFeed), errors.Is(err, videoroom.ErrorNoSuchRoom):
		http.Error(w, err.Error(), http.StatusNotFound)
	case err != nil:
		http.Error(w, err.Error(), http.StatusBadGateway)
	}
}
