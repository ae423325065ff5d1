package admin

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"

	janus "github.com/cameronelliott/janus-go"
	"github.com/cameronelliott/janus-go/internal/cause"
	"github.com/cameronelliott/janus-go/internal/framelog"
	"github.com/cameronelliott/janus-go/internal/socket"
	"github.com/cameronelliott/janus-go/internal/wire"
)

// httpTransport sends each request by POST. The ids of the session and the handle
// are in the path.
type httpTransport struct {
	url    *url.URL
	name   string // the URL without credentials
	client http.Client
	header http.Header
	limit  int64  // size of an answer in bytes; none if negative
	prefix string // of transactions
	last   atomic.Uint64
	frames *framelog.Logger
	ctx    context.Context // of the transport's life
	cancel context.CancelFunc
}

func newHTTPTransport(u *url.URL, opts Options, frames *framelog.Logger) *httpTransport {
	t := &httpTransport{
		url:    u,
		name:   socket.Name(u.String()),
		client: *opts.HTTPClient,
		header: opts.HTTPHeader.Clone(),
		limit:  opts.MaxMessageSize,
		prefix: rand.Text()[:8] + ".",
		frames: frames,
	}
	// A redirect could send the secret elsewhere.
	t.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if t.header == nil {
		t.header = make(http.Header)
	}
	t.header.Set("Content-Type", "application/json")
	t.ctx, t.cancel = context.WithCancel(context.Background())
	return t
}

// open implements transport.
func (t *httpTransport) open(context.Context) error { return nil }

// close implements transport.
func (t *httpTransport) close() error {
	t.cancel()
	return nil
}

// send implements transport.
func (t *httpTransport) send(ctx context.Context, r *request) (*answer, error) {
	if t.ctx.Err() != nil {
		return nil, notSent(errClosed)
	}
	if ctx.Err() != nil {
		return nil, notSent(cause.Of(ctx))
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(t.ctx, func() { cancel(errClosed) })()
	transaction := wire.Transaction{Prefix: t.prefix, Number: t.last.Add(1)}.String()
	req, err := t.request(ctx, r, transaction)
	if err != nil {
		return nil, notSent(err)
	}
	resp, err := t.client.Do(req)
	if err != nil {
		return nil, t.failed(ctx, err)
	}
	defer func() { _ = resp.Body.Close() }() // nothing more is wanted of it
	message, err := t.read(ctx, resp)
	if err != nil {
		return nil, err
	}
	r.logAnswer(t.frames, message)
	return t.parse(r, message, transaction)
}

// request returns the HTTP request for r.
func (t *httpTransport) request(ctx context.Context, r *request, transaction string) (*http.Request, error) {
	u := t.url
	for _, id := range []uint64{r.session, r.handle} {
		if id != 0 {
			u = u.JoinPath(strconv.FormatUint(id, 10))
		}
	}
	body := *r
	body.session, body.handle = 0, 0
	message := body.encode(transaction)
	t.frames.Frame("sent", message)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(message))
	if err != nil {
		return nil, errors.New("the URL is not valid") // err quotes it
	}
	req.Header = t.header.Clone()
	return req, nil
}

// failed returns why a request failed, without the URL.
func (t *httpTransport) failed(ctx context.Context, err error) error {
	var dial *net.OpError
	var untrusted *tls.CertificateVerificationError
	never := errors.As(err, &dial) && dial.Op == "dial" || errors.As(err, &untrusted)
	for u := (*url.Error)(nil); errors.As(err, &u); {
		err = u.Err
	}
	switch {
	case ctx.Err() != nil && errors.Is(context.Cause(ctx), janus.ErrClosed):
		return errClosed
	case ctx.Err() != nil:
		return cause.Of(ctx)
	case never:
		return notSent(err)
	}
	return fmt.Errorf("%w: %w", janus.ErrDisconnected, err)
}

// read returns the body of an answer.
func (t *httpTransport) read(ctx context.Context, resp *http.Response) ([]byte, error) {
	status := strings.TrimSpace(strconv.Itoa(resp.StatusCode) + " " + http.StatusText(resp.StatusCode))
	switch {
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		return nil, fmt.Errorf("the server answered %s; redirects are not followed, because the request contains the secret", status)
	case resp.StatusCode == http.StatusNotFound:
		return nil, fmt.Errorf("the server answered %s: there is no Admin API at %s", status, t.name)
	case resp.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("the server answered %s at %s; is this the Admin API, and is Janus up?", status, t.name)
	}
	body := io.Reader(resp.Body)
	if t.limit >= 0 && t.limit < math.MaxInt64 {
		body = io.LimitReader(body, t.limit+1)
	}
	message, err := io.ReadAll(body)
	if err != nil {
		return nil, t.failed(ctx, err)
	}
	if t.limit >= 0 && int64(len(message)) > t.limit {
		return nil, fmt.Errorf("an answer larger than %d bytes", t.limit)
	}
	return message, nil
}

// parse returns the answer in a body.
func (t *httpTransport) parse(r *request, message []byte, transaction string) (*answer, error) {
	if bytes.HasPrefix(bytes.TrimSpace(message), []byte("<")) {
		return nil, fmt.Errorf("the server answered in HTML, not in JSON: there is no Admin API at %s", t.name)
	}
	var f wire.Frame
	if err := decodeFrame(new(wire.Decoder), message, &f); err != nil {
		return nil, malformed(message, r.secret, r.token)
	}
	if f.Janus == "" {
		return nil, fmt.Errorf("the answer has no member \"janus\": there is no Admin API at %s", t.name)
	}
	if len(f.Transaction) > 0 && string(f.Transaction) != transaction {
		return nil, errors.New("the server answered another request")
	}
	return newAnswer(&f, message), nil
}
