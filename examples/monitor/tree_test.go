package main

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/cameronelliott/janus-go/eventhandler"
)

// all is the view of a page that shows everything that a search finds.
func all(search string) *view {
	return &view{search: parseWords(search)}
}

// labels returns a window of a tree, as S1 for session 1, H12 for handle 12.
func (s *state) labels(v *view, offset, limit int) (rows []string, total int) {
	w := window{offset: offset, limit: limit}
	s.tree("127.0.0.1:7188", v, &w)
	for _, r := range w.rows {
		if r.Kind == "session" {
			rows = append(rows, "S"+r.Session)
		} else {
			rows = append(rows, "H"+r.Handle)
		}
	}
	return rows, w.total
}

// forest returns a state with sessions 1, 2 and 3, of which 2 has no handles.
func forest() *state {
	s := newState()
	for _, known := range []struct {
		session uint64
		handles map[uint64]string // by id
		order   []uint64
	}{
		{1, map[uint64]string{11: "Ada", 12: "Bob"}, []uint64{11, 12}},
		{9, nil, nil},
		{2, nil, nil},
		{3, map[uint64]string{31: "Eve Ada", 32: "Zoë"}, []uint64{31, 32}},
	} {
		s.tell(0, known.session, 0, begin("")[0])
		for _, id := range known.order {
			s.tell(0, known.session, id, begin(known.handles[id])[1])
		}
	}
	s.tell(0, 3, 32, &eventhandler.ICEState{State: eventhandler.ICEFailed})
	s.tell(0, 9, 0, &eventhandler.SessionEvent{Change: eventhandler.Destroyed})
	return s
}

func TestSearch(t *testing.T) {
	s := forest()
	for search, want := range map[string]string{
		"":                         "S1 H11 H12 S2 S3 H31 H32",
		"ada":                      "S1 H11 S3 H31",
		"  ADA  eve ":              "S3 H31",
		"ada bob":                  "",
		"12":                       "S1 H11 H12 S2 S3 H31 H32", // the server has it
		"31":                       "S3 H31",
		"zoë":                      "S3 H32",
		"failed":                   "S3 H32",
		"videoroom ada":            "S1 H11 S3 H31",
		"websockets":               "S1 H11 H12 S2 S3 H31 H32",
		"websockets bob":           "S1 H12",
		"127.0.0.1:7188 videoroom": "S1 H11 H12 S3 H31 H32",
		"nothing":                  "",
	} {
		rows, total := s.labels(all(search), 0, 100)
		if got := strings.Join(rows, " "); got != want || total != len(rows) {
			t.Errorf("%q: %s (%d), want %s", search, got, total, want)
		}
	}
	if words := parseWords(strings.Repeat("a ", 1000)); len(words) != maxWords {
		t.Errorf("%d words count", len(words))
	}
}

func TestCollapsed(t *testing.T) {
	s := forest()
	const server = "127.0.0.1:7188"
	for _, test := range []struct {
		search, server string
		collapsed      []uint64
		want           string
	}{
		{"", server, []uint64{3}, "S1 H11 H12 S2 S3"},
		{"", server, []uint64{1, 2, 3, 4}, "S1 S2 S3"},
		{"", "other", []uint64{1, 2, 3}, "S1 H11 H12 S2 S3 H31 H32"},
		{"ada", server, []uint64{1}, "S1 S3 H31"},
		{"zoë", server, []uint64{3}, "S3"},
	} {
		v := all(test.search)
		v.collapsed = map[string]map[uint64]bool{test.server: {}}
		for _, id := range test.collapsed {
			v.collapsed[test.server][id] = true
		}
		rows, total := s.labels(v, 0, 100)
		if got := strings.Join(rows, " "); got != test.want || total != len(rows) {
			t.Errorf("%+v: %s", test, got)
		}
	}
}

// A handle says which row is that of its session, also if that is not in the window.
func TestParents(t *testing.T) {
	s := forest()
	for offset := range 7 {
		w := window{offset: offset, limit: 7}
		s.tree("", all(""), &w)
		for i, r := range w.rows {
			if want := map[string]int{"1": 0, "3": 4}[r.Session]; r.Kind == "handle" && r.Parent != want {
				t.Errorf("from %d: the parent of row %d is %d", offset, offset+i, r.Parent)
			}
		}
	}
}

// Every window is a part of the whole.
func TestWindows(t *testing.T) {
	s := forest()
	for _, search := range []string{"", "ada", "127"} {
		whole, total := s.labels(all(search), 0, 100)
		for offset := range total + 3 {
			for limit := range total + 3 {
				rows, n := s.labels(all(search), offset, limit)
				from := min(offset, total)
				if want := whole[from:min(from+limit, total)]; n != total || len(rows)+len(want) > 0 && !reflect.DeepEqual(rows, want) {
					t.Errorf("%q from %d, %d: %v of %d, want %v", search, offset, limit, rows, n, want)
				}
			}
		}
	}
}

// What a window costs depends on what it shows: the allocations for one of 10,000 handles
// are about as many as for one of 100.
func TestWindowOfMany(t *testing.T) {
	cost := func(n uint64, search string) float64 {
		s := newState()
		for id := uint64(1); id <= n; id++ {
			s.tell(0, id, id, begin(fmt.Sprintf("Participant %d", id))...)
		}
		v := all(search)
		return testing.AllocsPerRun(5, func() {
			w := window{offset: 80, limit: 20}
			s.tree("127.0.0.1:7188", v, &w)
			if len(w.rows) != 20 {
				t.Fatal(len(w.rows))
			}
		})
	}
	for _, search := range []string{"", "PARTICIPANT ready"} {
		if few, many := cost(100, search), cost(10_000, search); many > 2*few {
			t.Errorf("%q: %v allocations for 100 handles, %v for 10,000", search, few, many)
		}
	}
}

func BenchmarkTree(b *testing.B) {
	s := newState()
	s.fill(10_000)
	for _, search := range []string{"", "participant 9999"} {
		v := all(search)
		b.Run(search, func(b *testing.B) {
			for b.Loop() {
				w := window{offset: 10_000, limit: 60}
				s.tree("127.0.0.1:7188", v, &w)
			}
		})
	}
}
