// Package supervisor keeps a Janus session, and what hangs on it, alive.
//
// DialOptions.Reconnect restores a connection. After a restart of Janus, a timeout,
// or an administrator's intervention, the session, its handles and its rooms are gone
// all the same, and have to be made again. A Supervisor does that.
//
// A Unit is a connection, a session, the handles attached with Unit.Attach, and the
// goroutines started with Unit.Go. A Supervisor keeps one Unit up. It dials, creates
// the session, and calls the application's function up, which attaches, creates or
// joins a room, and returns a value that callers use:
//
//	rooms := supervisor.New(func(ctx context.Context, u *supervisor.Unit) (*videoroom.Client, error) {
//		handle, err := u.Attach(ctx, janus.AttachOptions{Plugin: videoroom.Name})
//		if err != nil {
//			return nil, err
//		}
//		room := videoroom.On(handle)
//		_, err = room.Create(ctx, videoroom.Create{Room: plugin.Num(1234)})
//		if errors.Is(err, videoroom.ErrorRoomExists) {
//			err = nil // it has outlived the session
//		}
//		return room, err
//	}, &supervisor.Options{URLs: []string{"ws://localhost:8188"}})
//	group.Go(func() error { return rooms.Run(ctx) })
//	…
//	err := rooms.Do(ctx, func(ctx context.Context, room *videoroom.Client) error {
//		return room.Kick(ctx, videoroom.Kick{Room: plugin.Num(1234), ID: id})
//	})
//
// # The end of a unit
//
// A Unit ends when its session ends, when its connection is lost for good, when a
// handle that it attached is detached by anyone but Handle.Detach, when a goroutine of
// Unit.Go returns an error or panics, and when up fails, panics or takes too long. What
// is left of it is removed: its context ends, its goroutines return, its handles are
// detached, its session is destroyed, and its connection is closed. Then up runs again,
// after a random delay that grows with every failure, on the same server or on the next
// of Options.URLs.
//
// # What ends Run
//
// Run returns when its context ends. It also returns an error that no further attempt
// can mend: status 401 or 403 of the websocket handshake, error 403 of Janus when the
// session is created or in the result of up or of a goroutine, and any error marked with
// Permanent. Everything else is tried again, including the first dial.
package supervisor
