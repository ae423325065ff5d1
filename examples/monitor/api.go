package main

import (
	"context"
	"time"

	janus "github.com/cameronelliott/janus-go"
)

// apiRounds is after how many rounds the Janus API is tried again.
const apiRounds = 10

// apiStatus says whether the Janus API answers.
type apiStatus struct {
	Up    bool   `json:"up"`
	RTT   number `json:"rtt"` // ms
	Error string `json:"error"`
}

// runAPI tries the Janus API of the server until ctx ends, on one connection for as
// long as it lasts.
func (s *server) runAPI(ctx context.Context) {
	for ctx.Err() == nil {
		err := s.pingAPI(ctx)
		s.setAPI(&apiStatus{RTT: unknown, Error: err.Error()})
		select {
		case <-ctx.Done():
		case <-time.After(apiRounds * s.interval):
		}
	}
}

// pingAPI connects as a client does, and sends pings until one fails.
func (s *server) pingAPI(ctx context.Context) error {
	gateway, _, err := janus.Dial(ctx, s.apiURL, &janus.DialOptions{Logger: s.log})
	if err != nil {
		return err
	}
	defer func() { _ = gateway.Close(1000, "") }() // it has served its purpose
	for {
		start := time.Now()
		if err := gateway.Ping(ctx, ""); err != nil {
			return err
		}
		s.setAPI(&apiStatus{Up: true, RTT: number(time.Since(start).Microseconds()) / 1000})
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(apiRounds * s.interval):
		}
	}
}

func (s *server) setAPI(status *apiStatus) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.api = status
}
