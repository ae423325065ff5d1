package realjanus

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"

	"nhooyr.io/websocket"
)

// AdminAll sends requests to the Admin API on one connection, without waiting for
// the answers in between, and returns when all are answered. Janus handles them
// in order. The secret and the transaction are added to each.
func (s *Server) AdminAll(ctx context.Context, requests []map[string]any) error {
	conn, _, err := websocket.Dial(ctx, s.AdminURL, &websocket.DialOptions{Subprotocols: []string{adminProtocol}})
	if err != nil {
		return fmt.Errorf("connect to Janus's Admin API: %w", err)
	}
	// The answers are all that was wanted of the connection.
	defer func() { _ = conn.CloseNow() }()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	sent := make(chan error, 1)
	go func() { sent <- s.sendAll(ctx, conn, requests) }()
	for range requests {
		if err := readSuccess(ctx, conn); err != nil {
			return err
		}
	}
	return <-sent
}

func (s *Server) sendAll(ctx context.Context, conn *websocket.Conn, requests []map[string]any) error {
	for i, request := range requests {
		request = maps.Clone(request)
		request["admin_secret"] = s.AdminSecret
		request["transaction"] = fmt.Sprint(i)
		frame, err := json.Marshal(request)
		if err == nil {
			err = conn.Write(ctx, websocket.MessageText, frame)
		}
		if err != nil {
			return fmt.Errorf("ask Janus for %v: %w", request["janus"], err)
		}
	}
	return nil
}

func readSuccess(ctx context.Context, conn *websocket.Conn) error {
	_, frame, err := conn.Read(ctx)
	if err != nil {
		return fmt.Errorf("read an answer of Janus's Admin API: %w", err)
	}
	var reply struct{ Janus string }
	if err := json.Unmarshal(frame, &reply); err != nil {
		return fmt.Errorf("read an answer of Janus's Admin API: %w", err)
	}
	if reply.Janus != "success" {
		return fmt.Errorf("ask the Admin API: it answered %s", frame)
	}
	return nil
}
