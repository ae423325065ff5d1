// Package meeting is a crowd that meets in a room of the conference example. It
// only signals: the participants join, publish, mute and unmute themselves and
// leave, but send no media.
package meeting

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"
)

// Options says how large the crowd is and what it does.
type Options struct {
	Participants int
	AtOnce       int // that join, talk or leave at the same time
	Turns        int // how often each mutes and unmutes itself
}

// Latency is the distribution of how long something took.
type Latency struct{ P50, P90, P99 time.Duration }

// Result is what a meeting took.
type Result struct {
	Options
	Join    Latency // until the welcome
	Publish Latency // from an offer to Janus's answer
	Turn    Latency // from a change until the program tells those in the room of it
	Leave   Latency // until the program has said goodbye

	Joining, Talking, Leaving Phase
}

// Phase is a part of a meeting.
type Phase struct {
	Took     time.Duration
	CPU      time.Duration // of the program
	Messages int64         // that all browsers together received
}

// Run holds a meeting at the websocket of a conference program, such as
// ws://127.0.0.1:8080/ws, whose process id is pid.
func Run(ctx context.Context, url string, pid int, opts Options) (*Result, error) {
	if err := awaitJanus(ctx, url); err != nil {
		return nil, err
	}
	crowd := make([]*participant, opts.Participants)
	for i := range crowd {
		crowd[i] = newParticipant(url, fmt.Sprint("participant ", i+1))
	}
	defer func() {
		for _, p := range crowd {
			p.close()
		}
	}()
	m := &meter{pid: pid, crowd: crowd, atOnce: opts.AtOnce}
	result := &Result{Options: opts}
	var joined, published, turned, left record
	result.Joining = m.phase(func() error {
		return m.each(func(p *participant) error {
			if err := joined.time(func() error { return p.join(ctx) }); err != nil {
				return err
			}
			return published.time(func() error { return p.publish(ctx) })
		})
	})
	result.Talking = m.phase(func() error {
		return m.each(func(p *participant) error {
			for turn := range 2 * opts.Turns {
				if err := turned.time(func() error { return p.speak(ctx, turn%2 == 1) }); err != nil {
					return err
				}
			}
			return nil
		})
	})
	result.Leaving = m.phase(func() error {
		return m.each(func(p *participant) error {
			return left.time(func() error { return p.leave(ctx) })
		})
	})
	result.Join, result.Publish, result.Turn, result.Leave = joined.latency(), published.latency(), turned.latency(), left.latency()
	return result, m.err
}

// awaitJanus returns when one can join.
func awaitJanus(ctx context.Context, url string) error {
	first := newParticipant(url, "the first one")
	defer first.close()
	if err := first.join(ctx); err != nil {
		return err
	}
	return first.leave(ctx)
}

// meter measures what a program and its crowd do.
type meter struct {
	pid    int
	crowd  []*participant
	atOnce int
	err    error // the first one: the phases after it are left out
}

// phase does a part of the meeting.
func (m *meter) phase(do func() error) Phase {
	if m.err != nil {
		return Phase{}
	}
	var before, after time.Duration
	if before, m.err = cpuTime(m.pid); m.err != nil {
		return Phase{}
	}
	start, received := time.Now(), m.received()
	if m.err = do(); m.err != nil {
		return Phase{}
	}
	took := time.Since(start)
	after, m.err = cpuTime(m.pid)
	return Phase{Took: took, CPU: after - before, Messages: m.received() - received}
}

func (m *meter) received() (n int64) {
	for _, p := range m.crowd {
		n += p.received.Load()
	}
	return n
}

// each does something with all participants, some at a time, and returns the
// first error.
func (m *meter) each(do func(*participant) error) error {
	next := make(chan *participant)
	errs := make(chan error, m.atOnce)
	var workers sync.WaitGroup
	for range m.atOnce {
		workers.Go(func() {
			for p := range next {
				if err := do(p); err != nil {
					errs <- fmt.Errorf("%s: %w", p.name, err)
					break
				}
			}
			for range next { // after an error
			}
		})
	}
	for _, p := range m.crowd {
		next <- p
	}
	close(next)
	workers.Wait()
	close(errs)
	return <-errs
}

// record keeps how long things took.
type record struct {
	mu    sync.Mutex
	times []time.Duration
}

func (r *record) time(do func() error) error {
	start := time.Now()
	err := do()
	took := time.Since(start)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.times = append(r.times, took)
	return err
}

func (r *record) latency() Latency {
	r.mu.Lock()
	defer r.mu.Unlock()
	slices.Sort(r.times)
	return Latency{P50: percentile(r.times, 50), P90: percentile(r.times, 90), P99: percentile(r.times, 99)}
}

// percentile returns the smallest of the sorted times that p percent of them do
// not exceed.
func percentile(sorted []time.Duration, p int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	rank := int(math.Ceil(float64(p*len(sorted)) / 100))
	return sorted[max(rank, 1)-1]
}

// offer is an offer of sound and of a picture in three sizes, by a browser that
// is never connected.
var offer = strings.ReplaceAll(`v=0
o=- 1 1 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
m=audio 9 UDP/TLS/RTP/SAVPF 111
c=IN IP4 0.0.0.0
a=mid:0
a=sendonly
a=rtcp-mux
a=rtpmap:111 opus/48000/2
a=setup:actpass
a=ice-ufrag:ufrag
a=ice-pwd:passwordpasswordpassword
a=fingerprint:sha-256 AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB
m=video 9 UDP/TLS/RTP/SAVPF 96
c=IN IP4 0.0.0.0
a=mid:1
a=sendonly
a=rtcp-mux
a=rtpmap:96 VP8/90000
a=rtcp-fb:96 nack
a=rtcp-fb:96 nack pli
a=rid:h send
a=rid:m send
a=rid:l send
a=simulcast:send h;m;l
a=setup:actpass
a=ice-ufrag:ufrag
a=ice-pwd:passwordpasswordpassword
a=fingerprint:sha-256 AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB
`, "\n", "\r\n")
