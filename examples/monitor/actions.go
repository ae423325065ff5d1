package main

import (
	"context"
	"encoding/json"
	"mime"
	"net/http"
	"time"
)

const (
	// maxAction is how large the body of an action may be, in bytes.
	maxAction = 4096

	// actionTimeout is how long an action may take.
	actionTimeout = 10 * time.Second
)

// actions serves POST /api/hangup, /api/detach and /api/destroy. Other sites cannot
// post to it: a browser sends application/json across origins only after asking, and
// says in its headers where the request comes from.
func (m *monitor) actions() http.Handler {
	mux := http.NewServeMux()
	for _, action := range []string{"hangup", "detach", "destroy"} {
		mux.HandleFunc("POST /api/"+action, func(w http.ResponseWriter, r *http.Request) {
			m.serveAction(w, r, action)
		})
	}
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fail(w, http.StatusForbidden, "the request comes from another site")
	}))
	return protection.Handler(mux)
}

func (m *monitor) serveAction(w http.ResponseWriter, r *http.Request, action string) {
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/json" {
		fail(w, http.StatusUnsupportedMediaType, "the content must be application/json")
		return
	}
	var at lookedAt
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxAction)).Decode(&at); err != nil {
		fail(w, http.StatusBadRequest, "the body must be an object with server, session and handle")
		return
	}
	s := m.server(at.Server)
	if s == nil {
		fail(w, http.StatusNotFound, "there is no such server")
		return
	}
	id, err := at.ids()
	if err != nil {
		fail(w, http.StatusBadRequest, err.Error())
		return
	}
	if id.handle == 0 && action != "destroy" {
		fail(w, http.StatusBadRequest, errNoHandle.Error())
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), actionTimeout)
	defer cancel()
	switch err := s.act(ctx, action, id); {
	case err == nil:
		m.log.Info("done", "action", action, "server", at.Server, "session", at.Session, "handle", at.Handle)
		w.WriteHeader(http.StatusNoContent)
	case isGone(err):
		fail(w, http.StatusNotFound, err.Error())
	default:
		fail(w, http.StatusBadGateway, err.Error())
	}
}

// fail answers with an error for people.
func fail(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": text}) // the page may have gone
}
