package main

import (
	"strconv"
	"strings"
)

// maxRows is how many rows a page can ask for.
const maxRows = 200

// row is a row of the tree: a session or a handle.
type row struct {
	Kind    string `json:"kind"` // "session" or "handle"
	Server  string `json:"server"`
	Session string `json:"session"`
	Since   *int64 `json:"since"` // Unix ms
	*sessionRow
	*handleRow
}

type sessionRow struct {
	Transport string `json:"transport"`
	Handles   int    `json:"handles"`
	Expanded  bool   `json:"expanded"`
}

type handleRow struct {
	Parent     int    `json:"parent"`
	Handle     string `json:"handle"`
	Plugin     string `json:"plugin"`
	Opaque     string `json:"opaque"`
	ICE        string `json:"ice"`
	DTLS       string `json:"dtls"`
	Up         bool   `json:"up"`
	Slow       int32  `json:"slow"`
	BitrateIn  number `json:"bitrateIn"`
	BitrateOut number `json:"bitrateOut"`
	LossIn     number `json:"lossIn"`
	LossOut    number `json:"lossOut"`
	Loss       number `json:"loss"`
	RTT        number `json:"rtt"`
}

// window is the part of the tree that a page shows. total counts all rows, and those
// from offset to offset+limit are in rows. shown are the handles among them.
type window struct {
	offset, limit int
	total         int
	rows          []row
	shown         []ids
	parent        int // number of the row of the session whose handles are added
}

// room reports whether the next row is in the window.
func (w *window) room() bool { return w.total >= w.offset && w.total < w.offset+w.limit }

// view says what a page wants to see of the tree.
type view struct {
	search    words
	collapsed map[string]map[uint64]bool // sessions by server
}

// tree adds the rows of a server to a window.
func (s *state) tree(server string, v *view, w *window) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := v.search.in(server, 0)
	for _, known := range s.order {
		if known != nil {
			known.tree(server, v, found, w)
		}
	}
}

// tree adds the rows of a session, if it matches or one of its handles does. found
// are the words that the server has. The caller holds state.mu.
func (k *session) tree(server string, v *view, found uint64, w *window) {
	expanded := !v.collapsed[server][k.id]
	found = v.search.in(k.transport, v.search.inID(k.id, found))
	if v.search.all(found) {
		k.add(server, expanded, w)
		if expanded {
			k.addHandles(server, w)
		}
		return
	}
	first := true
	for _, h := range k.handles {
		if !v.search.all(h.found(v.search, found)) {
			continue
		}
		if first {
			k.add(server, expanded, w)
			first = false
		}
		if expanded {
			h.add(server, w)
		}
	}
}

// add adds the row of the session.
func (k *session) add(server string, expanded bool, w *window) {
	w.parent = w.total
	if w.room() {
		w.rows = append(w.rows, row{
			Kind: "session", Server: server, Session: idText(k.id), Since: known(k.since),
			sessionRow: &sessionRow{Transport: k.transport, Handles: len(k.handles), Expanded: expanded},
		})
	}
	w.total++
}

// addHandles adds the rows of all handles of the session.
func (k *session) addHandles(server string, w *window) {
	end := w.total + len(k.handles)
	if end <= w.offset || w.total >= w.offset+w.limit {
		w.total = end
		return
	}
	for _, h := range k.handles {
		h.add(server, w)
	}
}

// add adds the row of the handle.
func (h *handle) add(server string, w *window) {
	if w.room() {
		w.rows = append(w.rows, row{
			Kind: "handle", Server: server, Session: idText(h.session.id), Since: known(h.since), handleRow: h.row(w.parent),
		})
		w.shown = append(w.shown, h.ids())
	}
	w.total++
}

// row returns what the row of the handle says. parent is the number of the row of its
// session.
func (h *handle) row(parent int) *handleRow {
	r := &handleRow{
		Parent: parent, Handle: idText(h.id), Plugin: h.plugin, Opaque: h.opaque, ICE: h.ice, DTLS: h.dtls, Up: h.up, Slow: h.slow,
		BitrateIn: unknown, BitrateOut: unknown, LossIn: unknown, LossOut: unknown, RTT: unknown,
	}
	for _, m := range h.media {
		now := &m.meter.now
		r.BitrateIn, r.BitrateOut = sum(r.BitrateIn, now.In), sum(r.BitrateOut, now.Out)
		r.LossIn, r.LossOut = worse(r.LossIn, now.LossIn), worse(r.LossOut, now.LossOut)
		r.RTT = worse(r.RTT, now.RTT)
	}
	r.Loss = worse(r.LossIn, r.LossOut)
	return r
}

// found returns which words of a search the handle has, and those found already.
func (h *handle) found(search words, already uint64) uint64 {
	for _, text := range [...]string{h.plugin, h.opaque, h.ice, h.dtls} {
		already = search.in(text, already)
	}
	return search.inID(h.id, already)
}

// known returns a time, or nil if it is 0.
func known(time int64) *int64 {
	if time == 0 {
		return nil
	}
	return &time
}

// words are those of a search. Which of them have been found is a set of bits.
type words []string

// maxWords is how many words of a search count.
const maxWords = 16

// parseWords returns the words of a search.
func parseWords(search string) words {
	found := strings.Fields(cut(search, 2*maxText))
	return found[:min(len(found), maxWords)]
}

// all reports whether all words have been found.
func (w words) all(found uint64) bool { return found == 1<<len(w)-1 }

// in returns which words are in a text, in any case, and those found already.
func (w words) in(text string, already uint64) uint64 {
	for i, word := range w {
		if bit := uint64(1) << i; already&bit == 0 && containsFold(text, word) {
			already |= bit
		}
	}
	return already
}

// inID is in for the digits of an id.
func (w words) inID(id uint64, already uint64) uint64 {
	if w.all(already) {
		return already
	}
	var digits [20]byte
	return w.in(string(strconv.AppendUint(digits[:0], id, 10)), already)
}

// match reports whether each word is in one of the texts.
func (w words) match(texts ...string) bool {
	var found uint64
	for _, text := range texts {
		found = w.in(text, found)
	}
	return w.all(found)
}

// containsFold reports whether word, which is not empty, is in text, in any case.
func containsFold(text, word string) bool {
	first := word[0] | 0x20 // in lower case, if it is an ASCII letter
	for i := 0; i+len(word) <= len(text); i++ {
		if c := text[i]; c|0x20 != first && c|first < 0x80 {
			continue // both are ASCII, and differ
		}
		if strings.EqualFold(text[i:i+len(word)], word) {
			return true
		}
	}
	return false
}
