//lint:file-ignore SA1019 The module keeps to nhooyr.io/websocket.

package eventhandler

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"nhooyr.io/websocket"

	"github.com/cameronelliott/janus-go/internal/backoff"
)

// serveWebsocket receives batches over a websocket until it ends.
func (h *Handler) serveWebsocket(w http.ResponseWriter, r *http.Request) {
	// No web page knows the token, but browsers add the password that they remember.
	if !h.hasToken(r) && crossOrigin(r) {
		h.log.Warn("eventhandler: websocket of another origin refused", "remote", r.RemoteAddr, "origin", r.Header.Get("Origin"))
		http.Error(w, http.StatusText(http.StatusForbidden), http.StatusForbidden)
		return
	}
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		Subprotocols:       subprotocols(r),
		InsecureSkipVerify: true, // it was checked above
	})
	if err != nil { // and Accept has answered
		h.log.Warn("eventhandler: websocket refused", "remote", r.RemoteAddr, "error", err)
		return
	}
	conn.SetReadLimit(-1) // read has its own
	defer h.closeAtShutdown(conn)()
	defer func() { _ = conn.CloseNow() }()
	h.log.Info("eventhandler: websocket connected", "remote", r.RemoteAddr, "subprotocol", conn.Subprotocol())
	err = h.readBatches(r, conn)
	h.log.Info("eventhandler: websocket ended", "remote", r.RemoteAddr, "error", err)
}

// closeAtShutdown makes Shutdown close a connection until the returned function
// is called.
func (h *Handler) closeAtShutdown(conn *websocket.Conn) (stop func()) {
	closed := make(chan struct{})
	stopped := context.AfterFunc(h.closing, func() {
		defer close(closed)
		_ = conn.Close(websocket.StatusGoingAway, "shutting down") // the peer may be gone
	})
	return func() {
		if !stopped() {
			<-closed
		}
	}
}

// readBatches delivers what a connection carries. It returns why it ended.
func (h *Handler) readBatches(r *http.Request, conn *websocket.Conn) error {
	for {
		body, err := h.read(conn)
		if tooLarge := (*statusError)(nil); errors.As(err, &tooLarge) {
			h.log.Warn("eventhandler: batch lost", "remote", r.RemoteAddr, "error", err)
			_ = conn.Close(websocket.StatusMessageTooBig, err.Error()) // the peer may be gone
		}
		if err != nil {
			return err
		}
		events, err := Parse(body)
		if err != nil {
			h.log.Warn("eventhandler: message dropped", "remote", r.RemoteAddr, "error", err)
			continue
		}
		if len(events) == 0 {
			continue
		}
		if err := h.deliverOften(r, body, events); err != nil {
			h.log.Warn("eventhandler: batch lost", "remote", r.RemoteAddr, "events", len(events), "error", err)
			return errors.New("a batch was refused too often")
		}
	}
}

// read returns the next message.
func (h *Handler) read(conn *websocket.Conn) ([]byte, error) {
	_, message, err := conn.Reader(h.ended)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(message, h.opts.MaxBody+1))
	if err == nil && int64(len(body)) > h.opts.MaxBody {
		err = h.tooLarge()
	}
	return body, err
}

// deliverOften delivers a batch. If it is refused, it is tried again for
// Options.RetryFor: nobody else will repeat it. Meanwhile no other batch of its
// emitter is delivered, even if Janus connects again.
func (h *Handler) deliverOften(r *http.Request, body []byte, events []Event) error {
	giveUp := time.Now().Add(h.opts.RetryFor)
	e := h.emitters.acquire(events[0].Emitter)
	defer h.emitters.release(e)
	ctx, cancel := context.WithTimeout(h.ended, max(h.opts.RetryFor, takeTimeout))
	defer cancel()
	if err := e.lock(ctx); err != nil {
		return err
	}
	defer e.unlock()

	delays := backoff.Backoff{Min: 100 * time.Millisecond, Max: 5 * time.Second}
	for {
		err := h.offerOnce(r, e, body, events)
		if err == nil || !time.Now().Before(giveUp) {
			return err
		}
		h.log.Warn("eventhandler: batch refused, trying again", "remote", r.RemoteAddr, "error", err)
		select {
		case <-time.After(delays.Next()):
		case <-h.closing.Done():
			return errors.Join(err, errors.New("the handler is shutting down"))
		}
	}
}

// offerOnce is offer with a context of its own.
func (h *Handler) offerOnce(r *http.Request, e *emitter, body []byte, events []Event) error {
	ctx, cancel := h.takeContext(r.Context(), time.Now().Add(takeTimeout))
	defer cancel()
	return h.offer(ctx, e, body, events)
}

// subprotocols returns those that a request offers. Janus can be configured to
// offer any.
func subprotocols(r *http.Request) []string {
	var offered []string
	for _, value := range r.Header.Values("Sec-WebSocket-Protocol") {
		for name := range strings.SplitSeq(value, ",") {
			offered = append(offered, strings.TrimSpace(name))
		}
	}
	return offered
}

// crossOrigin reports whether a request comes from a web page of another host.
// Janus sends its own idea of the host, without the port.
func crossOrigin(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return false
	}
	page, err := url.Parse(origin)
	host := url.URL{Host: r.Host}
	return err != nil || !strings.EqualFold(page.Hostname(), host.Hostname())
}
