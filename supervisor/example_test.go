package supervisor_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"golang.org/x/sync/errgroup"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/janustest"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/videoroom"
	"github.com/cameronelliott/janus-go/supervisor"
)

// A room that is made again after a restart of Janus.
func Example() {
	server := janustest.NewServer() // in a real program: ws://localhost:8188
	defer server.Close()
	room := plugin.Num(4321)

	rooms := supervisor.New(func(ctx context.Context, u *supervisor.Unit) (*videoroom.Client, error) {
		handle, err := u.Attach(ctx, janus.AttachOptions{Plugin: videoroom.Name})
		if err != nil {
			return nil, err
		}
		client := videoroom.On(handle)
		_, err = client.Create(ctx, videoroom.Create{Room: room})
		if errors.Is(err, videoroom.ErrorRoomExists) {
			err = nil // it has outlived the session
		}
		return client, err
	}, &supervisor.Options{
		URLs:   []string{server.URL},
		Logger: slog.New(slog.DiscardHandler),
	})

	ctx, cancel := context.WithCancel(context.Background())
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return rooms.Run(ctx) })

	list := func() {
		err := rooms.DoIdempotent(ctx, func(ctx context.Context, client *videoroom.Client) error {
			now, err := client.ListParticipants(ctx, videoroom.ListParticipants{Room: room})
			if err == nil {
				fmt.Println("participants:", len(now.Participants))
			}
			return err
		})
		if err != nil {
			fmt.Println(err)
		}
	}
	list()
	server.Restart()
	list()
	fmt.Println("units:", rooms.Status().Units)

	cancel()
	fmt.Println(group.Wait(), len(server.Sessions()))
	// Output:
	// participants: 0
	// participants: 0
	// units: 2
	// <nil> 0
}
