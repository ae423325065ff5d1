package realjanus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
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

// awaitReady waits until all APIs are answered by this very server: its ports
// were free a moment ago, but could have been taken since.
func (s *Server) awaitReady(ctx context.Context) error {
	if err := s.awaitTransports(ctx); err != nil {
		return err
	}
	// Each transport has opened the ports of both APIs.
	if _, err := s.infoFrom(ctx, s.AdminURL, adminProtocol); err != nil {
		return errors.New("its Admin API does not answer")
	}
	if !s.opts.HTTP {
		return nil
	}
	if err := s.askHTTP(ctx); err != nil {
		return fmt.Errorf("its HTTP transport does not answer: %w", err)
	}
	return nil
}

// awaitTransports waits until the server lists all its transports. The first
// one answers while Janus still adds it to the list and loads the next.
func (s *Server) awaitTransports(ctx context.Context) error {
	for {
		err := s.askInfo(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-s.process.done:
			return errors.New("it ended before it was ready")
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ctx.Err(), err)
		case <-time.After(pollInterval):
		}
	}
}

// askInfo asks for the server's version, and fails until the server lists its
// transports.
func (s *Server) askInfo(ctx context.Context) error {
	info, err := s.infoFrom(ctx, s.URL, apiProtocol)
	if err != nil {
		return err
	}
	transports, _ := info["transports"].(map[string]any)
	for _, name := range s.opts.transports() {
		if transports["janus.transport."+name] == nil {
			return fmt.Errorf("it has not loaded the transport %s", name)
		}
	}
	text, _ := info["version_string"].(string)
	s.version, err = parseVersion(text)
	return err
}

// infoFrom asks for the server's information at url, and fails if another
// server answers.
func (s *Server) infoFrom(ctx context.Context, url, protocol string) (map[string]any, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	info, err := ask(ctx, url, protocol, map[string]any{"janus": "info"})
	if err != nil {
		return nil, err
	}
	return info, s.checkName(info)
}

// askHTTP asks whether this server answers on the HTTP transport.
func (s *Server) askHTTP(ctx context.Context) error {
	for _, url := range []string{s.HTTPURL, s.AdminHTTPURL} {
		info, err := get(ctx, url+"/info")
		if err != nil {
			return err
		}
		if err := s.checkName(info); err != nil {
			return err
		}
	}
	return nil
}

// checkName returns an error if info is of another server.
func (s *Server) checkName(info map[string]any) error {
	if name := info["server-name"]; name != s.dir {
		return fmt.Errorf("another server answers: %v", name)
	}
	return nil
}

// get returns the JSON object at url.
func get(ctx context.Context, url string) (reply map[string]any, err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	return reply, json.NewDecoder(response.Body).Decode(&reply)
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
