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

// runAPI tries the Janus API of the server until ctx ends.
func (s *server) runAPI(ctx context.Context) {
	for ctx.Err() == nil {
		status := s.tryAPI(ctx)
		s.mu.Lock()
		s.api = status
		s.mu.Unlock()
		select {
		case <-ctx.Done():
		case <-time.After(apiRounds * s.interval):
		}
	}
}

// tryAPI connects as a client does, and sends a ping.
func (s *server) tryAPI(ctx context.Context) *apiStatus {
	ctx, cancel := context.WithTimeout(ctx, apiRounds*s.interval)
	defer cancel()
	gateway, _, err := janus.Dial(ctx, s.apiURL, &janus.DialOptions{Logger: s.log})
	if err != nil {
		return &apiStatus{RTT: unknown, Error: err.Error()}
	}
	defer func() { _ = gateway.Close(1000, "") }() // it has served its purpose
	start := time.Now()
	if err := gateway.Ping(ctx, ""); err != nil {
		return &apiStatus{RTT: unknown, Error: err.Error()}
	}
	return &apiStatus{Up: true, RTT: number(time.Since(start).Microseconds()) / 1000}
}
