//lint:file-ignore SA1019 The module keeps to nhooyr.io/websocket.

package janustest

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"nhooyr.io/websocket"
)

const (
	// maxGroup is how many events Janus groups.
	maxGroup = 100

	// maxCompressed is the size of the buffer that Janus compresses a batch into.
	maxCompressed = 8192
)

// An EventPoster posts events as Janus's event handler sampleevh does. Only URL
// must be set. It must not be changed while Post runs.
type EventPoster struct {
	URL string // the handler's backend, http or https

	// User and Password are sent by HTTP's Basic authentication if both are set:
	// backend_user and backend_pwd.
	User     string
	Password string

	Single   bool // do not group events: grouping = false
	Compress bool // compress batches with gzip

	// Retransmissions is how often a batch is repeated: max_retransmissions. If
	// it is 0, the default, batches are repeated 5 times; if it is negative, they
	// are not repeated.
	Retransmissions int

	// Backoff is the delay before a batch is repeated for the first time:
	// retransmissions_backoff. It doubles with each repetition. The default is
	// 100 milliseconds.
	Backoff time.Duration

	// Timeout is how long an answer is waited for. The default is 10 seconds, as
	// in Janus.
	Timeout time.Duration

	// Transport makes the connections; a copy of it does, without keep-alives.
	// The default is one without proxies.
	Transport *http.Transport
}

// Post posts events in batches of up to 100, one after the other. Each event is
// a []byte, string or json.RawMessage that is posted as it is, or any other value
// that is encoded as JSON.
//
// Each attempt has a connection of its own. Like Janus, Post does not look at the
// HTTP status of answers, and repeats a batch only if there is none. A batch that
// is not answered in the end is lost, as is one whose compressed size is above
// 8,192 bytes; Post then goes on with the next one. It returns an error for each
// batch that is lost, joined by errors.Join, or if an event cannot be encoded. If
// ctx ends, all remaining batches are lost.
func (p *EventPoster) Post(ctx context.Context, events ...any) error {
	batches, err := batches(events, p.Single)
	if err != nil {
		return err
	}
	client, closeIdle := p.client()
	defer closeIdle()
	var lost []error
	for i, batch := range batches {
		if err := p.postBatch(ctx, client, batch); err != nil {
			lost = append(lost, fmt.Errorf("janustest: batch %d is lost: %w", i, err))
		}
	}
	return errors.Join(lost...)
}

// batches groups events.
func batches(events []any, single bool) ([][]byte, error) {
	texts := make([][]byte, len(events))
	for i, event := range events {
		var err error
		if texts[i], err = encodeFrame(event); err != nil {
			return nil, err
		}
	}
	if single {
		return texts, nil
	}
	var grouped [][]byte
	for group := range slices.Chunk(texts, maxGroup) {
		batch := append([]byte{'['}, bytes.Join(group, []byte{','})...)
		grouped = append(grouped, append(batch, ']'))
	}
	return grouped, nil
}

func (p *EventPoster) client() (client *http.Client, closeIdle func()) {
	transport := new(http.Transport)
	if p.Transport != nil {
		transport = p.Transport.Clone()
	}
	transport.DisableKeepAlives = true
	client = &http.Client{
		Transport: transport,
		Timeout:   cmp.Or(p.Timeout, 10*time.Second),
		// A redirect is an answer as any other.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return client, transport.CloseIdleConnections
}

// postBatch posts a batch until it is answered.
func (p *EventPoster) postBatch(ctx context.Context, client *http.Client, batch []byte) error {
	if p.Compress {
		var err error
		if batch, err = compressed(batch); err != nil {
			return err
		}
	}
	delay := cmp.Or(p.Backoff, 100*time.Millisecond)
	for left := cmp.Or(p.Retransmissions, 5); ; left-- {
		err := p.postOnce(ctx, client, batch)
		if err == nil || left <= 0 {
			return err
		}
		select {
		case <-time.After(delay):
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		}
		delay *= 2
	}
}

// compressed compresses a batch into Janus's buffer.
func compressed(batch []byte) ([]byte, error) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(batch); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	if b.Len() > maxCompressed {
		return nil, fmt.Errorf("it has %d bytes compressed, and Janus's buffer has %d", b.Len(), maxCompressed)
	}
	return b.Bytes(), nil
}

// postOnce posts a batch and waits for any answer.
func (p *EventPoster) postOnce(ctx context.Context, client *http.Client, batch []byte) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.URL, bytes.NewReader(batch))
	if err != nil {
		return err
	}
	request.GetBody = nil // or net/http itself would repeat the request
	request.Header.Set("Content-Type", "application/json")
	if p.Compress {
		request.Header.Set("Content-Encoding", "gzip")
	}
	if p.User != "" && p.Password != "" {
		request.SetBasicAuth(p.User, p.Password)
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, response.Body)
	return errors.Join(err, response.Body.Close())
}

// An EventSocket sends events over a websocket as Janus's event handler wsevh
// does. Only URL must be set. Its methods must not be called concurrently.
type EventSocket struct {
	URL string // the handler's backend, ws or wss

	// Subprotocol is what is offered. The default is "janus-event-handlers".
	Subprotocol string

	Single bool // do not group events: grouping = false

	// Backoff is the delay after the first attempt to connect that fails. It
	// doubles with each attempt, up to eight times Backoff. The default is one
	// second.
	Backoff time.Duration

	// HTTPClient makes the connections. The default is http.DefaultClient.
	HTTPClient *http.Client

	conn *websocket.Conn
	gone chan struct{} // closed when conn has ended
}

// Send sends events in batches of up to 100, encoded as by EventPoster.Post. It
// connects if there is no connection, as often as it takes. Like Janus, it does
// not repeat a batch: what was written to a connection that ends may be lost. It
// returns an error if an event cannot be encoded, if a batch is lost because
// writing it failed, or if ctx ends.
func (s *EventSocket) Send(ctx context.Context, events ...any) error {
	batches, err := batches(events, s.Single)
	if err != nil {
		return err
	}
	var lost []error
	for i, batch := range batches {
		if err := s.connect(ctx); err != nil {
			return errors.Join(append(lost, err)...)
		}
		if err := s.conn.Write(ctx, websocket.MessageText, batch); err != nil {
			lost = append(lost, fmt.Errorf("janustest: batch %d is lost: %w", i, err))
		}
	}
	return errors.Join(lost...)
}

// Connected reports whether there is a connection, as far as is known.
func (s *EventSocket) Connected() bool {
	if s.conn == nil {
		return false
	}
	select {
	case <-s.gone:
		return false
	default:
		return true
	}
}

// connect connects unless there is a connection.
func (s *EventSocket) connect(ctx context.Context) error {
	if s.Connected() {
		return nil
	}
	delay := cmp.Or(s.Backoff, time.Second)
	for longest := 8 * delay; ; delay = min(2*delay, longest) {
		err := s.dial(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-time.After(delay):
		case <-ctx.Done():
			return fmt.Errorf("janustest: connect to the receiver of events: %w", errors.Join(ctx.Err(), err))
		}
	}
}

func (s *EventSocket) dial(ctx context.Context) error {
	conn, _, err := websocket.Dial(ctx, s.URL, &websocket.DialOptions{
		HTTPClient:   s.HTTPClient,
		Subprotocols: []string{cmp.Or(s.Subprotocol, "janus-event-handlers")},
	})
	if err != nil {
		return err
	}
	s.conn, s.gone = conn, make(chan struct{})
	go s.read(conn, s.gone)
	return nil
}

// read ignores what arrives, until the connection ends.
func (s *EventSocket) read(conn *websocket.Conn, gone chan struct{}) {
	defer close(gone)
	defer func() { _ = conn.CloseNow() }() // it has ended
	for {
		if _, _, err := conn.Read(context.Background()); err != nil {
			return
		}
	}
}

// Close closes the connection without a closing handshake, if there is one. Send
// makes a new one.
func (s *EventSocket) Close() error {
	if s.conn == nil {
		return nil
	}
	_ = s.conn.CloseNow() // it may have ended already
	<-s.gone
	s.conn = nil
	return nil
}
