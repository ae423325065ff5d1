package contest

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
)

// recorder is a client that records its work.
type recorder struct {
	Client    // nil: only what follows is called
	mu        *sync.Mutex
	n, closed int
	inFlight  int
}

func (r *recorder) KeepAlives(n, inFlight int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.n += n
	r.inFlight = inFlight
	return nil
}

func (r *recorder) Close() error {
	r.closed++
	return nil
}

// serve does rounds with recorders, one for each connection.
func serve(t *testing.T, rounds ...Round) (clients []*recorder, results []Result) {
	t.Helper()
	var mu sync.Mutex
	dial := func(context.Context, string) (Client, error) {
		c := &recorder{mu: &mu}
		clients = append(clients, c)
		return c, nil
	}
	var in, out strings.Builder
	for _, r := range rounds {
		if err := json.NewEncoder(&in).Encode(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := Serve(t.Context(), dial, "", strings.NewReader(in.String()), &out); err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(strings.NewReader(out.String()))
	for {
		var r Result
		if err := decoder.Decode(&r); errors.Is(err, io.EOF) {
			return clients, results[1:] // the first says that there is a connection
		} else if err != nil {
			t.Fatal(err)
		}
		results = append(results, r)
	}
}

// The connections of a round share its work, each with as much in flight, and
// remain for the next round.
func TestGateways(t *testing.T) {
	round := Round{Work: WorkKeepAlive, N: 102, InFlight: 64, Gateways: 4}
	clients, results := serve(t, round, round, Round{Work: WorkKeepAlive, N: 7, InFlight: 64})
	if len(clients) != 4 || len(results) != 3 || results[0].N != 102 {
		t.Fatalf("%d connections, results %+v", len(clients), results)
	}
	for i, want := range []int{50 + 7, 50, 52, 52} {
		if c := clients[i]; c.n != want || c.inFlight != 64 || c.closed != 1 {
			t.Errorf("connection %d: %+v, but it should have made %d requests", i, *c, want)
		}
	}
}

// What cannot be divided evenly is not lost.
func TestShare(t *testing.T) {
	for n := range 9 {
		r := Round{N: n, Handles: 2 * n, Gateways: 4}
		sum := Round{}
		for i := range r.Gateways {
			part := r.share(i)
			sum.N += part.N
			sum.Handles += part.Handles
		}
		if sum.N != n || sum.Handles != 2*n {
			t.Errorf("%d is divided into %+v", n, sum)
		}
	}
}

func TestSessionsUnsupported(t *testing.T) {
	_, results := serve(t, Round{Work: WorkSessions, N: 1})
	if results[0].Error != errors.ErrUnsupported.Error() {
		t.Errorf("%+v", results[0])
	}
}
