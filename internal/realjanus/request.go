package realjanus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"nhooyr.io/websocket"
)

// The websocket subprotocols of the two APIs.
const (
	apiProtocol   = "janus-protocol"
	adminProtocol = "janus-admin-protocol"
)

// pollInterval is how soon a server that did not answer yet is asked again.
const pollInterval = 5 * time.Millisecond

// maxReply is far more than the longest answer that Janus gives.
const maxReply = 16 << 20

// Admin sends one request to the Admin API, on a connection of its own, and
// returns the answer. The secret and the transaction are added to the request.
func (s *Server) Admin(ctx context.Context, request map[string]any) (map[string]any, error) {
	request = maps.Clone(request)
	request["admin_secret"] = s.AdminSecret
	return ask(ctx, s.AdminURL, adminProtocol, request)
}

// awaitReady waits until both APIs are answered by this very server: its ports
// were free a moment ago, but could have been taken since.
func (s *Server) awaitReady(ctx context.Context) error {
	for !s.answers(ctx, s.URL, apiProtocol) {
		select {
		case <-s.process.done:
			return errors.New("it ended before it was ready")
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pollInterval):
		}
	}
	// Janus opens both ports before it answers on either.
	if !s.answers(ctx, s.AdminURL, adminProtocol) {
		return errors.New("its Admin API does not answer")
	}
	return nil
}

// answers tells whether it is this server that answers at url.
func (s *Server) answers(ctx context.Context, url, protocol string) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	info, err := ask(ctx, url, protocol, map[string]any{"janus": "info"})
	return err == nil && info["server-name"] == s.dir
}

// ask sends one request on a connection of its own and returns the answer.
func ask(ctx context.Context, url, protocol string, request map[string]any) (reply map[string]any, err error) {
	failed := func(err error) error {
		// When ctx ends, the connection may report only that it is closed.
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return fmt.Errorf("ask Janus for %v: %w", request["janus"], err)
	}
	conn, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{Subprotocols: []string{protocol}})
	if err != nil {
		return nil, failed(err)
	}
	// The answer is all that was wanted of the connection.
	defer func() { _ = conn.CloseNow() }()
	conn.SetReadLimit(maxReply)
	request["transaction"] = "realjanus"
	frame, err := json.Marshal(request)
	if err != nil {
		return nil, failed(err)
	}
	if err := conn.Write(ctx, websocket.MessageText, frame); err != nil {
		return nil, failed(err)
	}
	if _, frame, err = conn.Read(ctx); err != nil {
		return nil, failed(err)
	}
	if err := json.Unmarshal(frame, &reply); err != nil {
		return nil, failed(err)
	}
	if reply["janus"] == "error" {
		return nil, failed(fmt.Errorf("it said %v", reply["error"]))
	}
	return reply, nil
}
