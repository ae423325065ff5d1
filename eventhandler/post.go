package eventhandler

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"
)

// statusError is why a request is answered with an HTTP status.
type statusError struct {
	status int
	err    error
}

func (e *statusError) Error() string { return e.err.Error() }

// servePost receives a batch. If it cannot be taken, or has not arrived as a
// whole, the request is not answered: Janus repeats only batches without an
// answer.
func (h *Handler) servePost(w http.ResponseWriter, r *http.Request) {
	deadline := time.Now().Add(takeTimeout)
	err := h.receive(w, r, deadline)
	if err == nil {
		return // with status 200
	}
	h.log.Warn("eventhandler: posted batch refused", "remote", r.RemoteAddr, "error", err)
	var refused *statusError
	if !errors.As(err, &refused) {
		panic(http.ErrAbortHandler)
	}
	if refused.status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", http.MethodPost)
	}
	http.Error(w, refused.Error(), refused.status)
}

// receive reads a batch and delivers it. The error is a *statusError if it is of
// no use to repeat the batch.
func (h *Handler) receive(w http.ResponseWriter, r *http.Request, deadline time.Time) error {
	if r.Method != http.MethodPost {
		return &statusError{http.StatusMethodNotAllowed, errors.New("events are posted")}
	}
	// Janus does not wait longer. Some middleware does not support deadlines.
	_ = http.NewResponseController(w).SetReadDeadline(deadline)
	body, err := h.readBody(w, r)
	if err != nil {
		return err
	}
	events, err := Parse(body)
	if errors.Is(err, errTooMany) {
		return &statusError{http.StatusRequestEntityTooLarge, err}
	}
	if err != nil {
		return &statusError{http.StatusBadRequest, err}
	}
	if len(events) == 0 {
		return nil
	}
	return h.deliver(r.Context(), deadline, body, events)
}

// readBody returns the body of a request, decompressed.
func (h *Handler) readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return nil, &statusError{http.StatusUnsupportedMediaType, errors.New("Content-Type is not application/json")}
	}
	encoding := strings.ToLower(r.Header.Get("Content-Encoding"))
	if encoding != "" && encoding != "identity" && encoding != "gzip" {
		w.Header().Set("Accept-Encoding", "gzip")
		return nil, &statusError{http.StatusUnsupportedMediaType, errors.New("Content-Encoding is not gzip")}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, h.opts.MaxBody))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return nil, h.tooLarge()
	}
	if err != nil {
		return nil, fmt.Errorf("read the batch: %w", err)
	}
	if encoding == "gzip" {
		return h.decompress(body)
	}
	return body, nil
}

func (h *Handler) decompress(body []byte) ([]byte, error) {
	failed := func(err error) error {
		return &statusError{http.StatusBadRequest, fmt.Errorf("decompress the batch: %w", err)}
	}
	reader, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, failed(err)
	}
	plain, err := io.ReadAll(io.LimitReader(reader, h.opts.MaxBody+1))
	if err != nil {
		return nil, failed(err)
	}
	if int64(len(plain)) > h.opts.MaxBody {
		return nil, h.tooLarge()
	}
	return plain, nil
}

func (h *Handler) tooLarge() error {
	return &statusError{http.StatusRequestEntityTooLarge, fmt.Errorf("the batch has more than %d bytes", h.opts.MaxBody)}
}
