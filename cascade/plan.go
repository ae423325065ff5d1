package cascade

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/videoroom"
)

// settle is how long a list of a server may lack a remote publisher that was
// added, or have one that was removed: Janus does both after its answer.
const settle = 2 * time.Second

// retry is how long a change is not repeated that Janus has accepted and that has
// not helped.
const retry = time.Minute

// world is what was found on all servers, and what is known of the links. The
// plan depends on nothing else.
type world struct {
	namer
	keys
	now     time.Time
	srtp    SRTPMode
	host    func(from, to string) string
	servers map[string]*state
	links   map[string]*link  // by nonce
	tried   map[route]attempt // changes that have not helped yet

	shown   map[place]*link // the links, by their remote publishers; made by plan
	pending bool            // something is not known yet, or under way in Janus
	stuck   map[route]bool  // routes whose remote publisher does not become what it should be
}

// attempt is a change of a link that was planned.
type attempt struct {
	change string // what should become of what
	at     time.Time
}

// state is what was found on a server.
type state struct {
	version int
	up      bool      // the server was listed just now; otherwise it has neither locals nor remotes here
	dead    bool      // the server is down for so long that its publishers do not count
	leaving bool      // the server is being removed from the cascade
	listed  bool      // the server was listed at least once
	made    time.Time // when the room was made, if it was
	locals  map[plugin.ID]*local
	remotes map[plugin.ID]*remote
}

// local is a publisher of a server.
type local struct {
	display       string
	metadata      json.RawMessage
	streams       []videoroom.Stream // nil if they are not known yet
	remotizations []listedRemotization
	forwarders    []videoroom.Forwarder
}

// listedRemotization is a remotization of this cascade.
type listedRemotization struct {
	remotization
	videoroom.Remote
}

// remote is a remote publisher of this cascade.
type remote struct {
	from     string // "" if its name does not say
	display  string
	metadata json.RawMessage
	streams  []videoroom.Stream // nil if they are not known yet
}

// link is what is remembered of a link. A link that another controller has made
// is remembered from when it was first seen.
type link struct {
	route
	id      plugin.ID
	since   time.Time          // when it was made or first seen
	made    bool               // by this controller
	removed time.Time          // when the remote publisher was removed
	broken  bool               // the publisher has stopped and started again
	srtp    bool               // the media is encrypted
	sent    []videoroom.Stream // those of the remote publisher; nil if another controller has made it
}

// job is what there is to do for a route. The parts are done in the order of the
// fields.
type job struct {
	route
	remove  []removal
	update  *update
	repoint *repoint
	create  *creation
}

// removal removes a link, or what there is of it: first what sends, then what
// receives.
type removal struct {
	nonce    string
	remoteID string    // of the remotization; empty if there is none
	strays   []uint32  // forwarders of the publisher that the remotization would leave behind
	id       plugin.ID // of the remote publisher; unset if there is none
}

// update changes a remote publisher.
type update struct {
	nonce    string
	id       plugin.ID
	display  string
	metadata json.RawMessage // nil if it stays as it is
	streams  []videoroom.Stream
	crypto   string // empty without SRTP
}

// repoint makes a remotization once more, for the same remote publisher.
type repoint struct {
	videoroom.Remote
	host string
}

// creation makes a link.
type creation struct {
	display  string
	metadata json.RawMessage // nil if the server does not take any
	streams  []videoroom.Stream
	host     string
	srtp     bool
}

func (j *job) empty() bool {
	return len(j.remove) == 0 && j.update == nil && j.repoint == nil && j.create == nil
}

// plan returns what there is to do, and notes in tried what must not be repeated.
// The jobs are independent of each other.
func (w *world) plan() []job {
	w.shown = make(map[place]*link, len(w.links))
	for _, l := range w.links {
		w.shown[place{l.to, l.id}] = l
	}
	kept := make(map[place]bool)
	var jobs []job
	add := func(j job) {
		for _, r := range j.remove {
			kept[place{j.to, r.id}] = true // it is taken care of
		}
		if !j.empty() {
			jobs = append(jobs, j)
		}
	}
	for _, from := range slices.Sorted(maps.Keys(w.servers)) {
		server := w.servers[from]
		if !server.up {
			continue
		}
		for _, id := range sortedIDs(server.locals) {
			for _, to := range w.targets(from, server.locals[id]) {
				j, keep := w.planRoute(route{from, id, to}, server.locals[id])
				if !keep.IsZero() {
					kept[place{to, keep}] = true
				}
				add(j)
			}
		}
	}
	for _, to := range slices.Sorted(maps.Keys(w.servers)) {
		server := w.servers[to]
		if !server.up {
			continue
		}
		for _, id := range sortedIDs(server.remotes) {
			if !kept[place{to, id}] && !w.awaited(to, id, server.remotes[id]) {
				add(w.removeOrphan(to, id))
			}
		}
	}
	return jobs
}

// place is a participant of a server.
type place struct {
	server string
	id     plugin.ID
}

func sortedIDs[T any](m map[plugin.ID]T) []plugin.ID {
	return slices.SortedFunc(maps.Keys(m), func(a, b plugin.ID) int { return cmp.Compare(a.String(), b.String()) })
}

// targets returns the servers that a publisher is to be shown on, and those that
// it is sent to.
func (w *world) targets(from string, p *local) []string {
	names := make(map[string]bool)
	for name := range w.servers {
		names[name] = name != from
	}
	for _, r := range p.remotizations {
		names[r.to] = true
	}
	return slices.DeleteFunc(slices.Sorted(maps.Keys(names)), func(name string) bool { return !names[name] })
}

// planRoute returns what there is to do for a route from a server that is up,
// and the id of the remote publisher that stays.
func (w *world) planRoute(r route, p *local) (job, plugin.ID) {
	j := job{route: r}
	from, to := w.servers[r.from], w.servers[r.to]
	found := w.found(r, p, to)
	wanted := to != nil && !to.leaving && !to.dead && !from.leaving && r.from != r.to
	if wanted && !to.up {
		return j, plugin.ID{} // it may be back soon
	}
	keep := -1
	if wanted {
		keep = w.choose(r, found)
	}
	for i, f := range found {
		if i != keep {
			j.remove = append(j.remove, f.removal(p))
		}
	}
	if !wanted {
		return j, plugin.ID{}
	}
	if keep < 0 {
		j.create = w.creation(r, p)
		return j, plugin.ID{}
	}
	w.maintain(&j, p, found[keep])
	return j, found[keep].id
}

// candidate is a link, or half of one, that was found for a route.
type candidate struct {
	listedRemotization
	id     plugin.ID
	remote *remote // nil if it is not listed
	link   *link   // nil if it is not known
	whole  bool    // both halves are there
}

// found returns the links of a route that have a remotization.
func (w *world) found(r route, p *local, to *state) []candidate {
	var all []candidate
	for _, rem := range p.remotizations {
		if rem.to != r.to {
			continue
		}
		c := candidate{listedRemotization: rem, id: w.id(r, rem.nonce), link: w.links[rem.nonce]}
		if to != nil && to.up {
			c.remote = to.remotes[c.id]
		}
		justMade := c.link != nil && c.link.made && w.now.Sub(c.link.since) < settle && to != nil && c.link.since.After(to.made)
		removed := c.link != nil && !c.link.removed.IsZero()
		c.whole = (c.remote != nil || justMade) && !removed
		all = append(all, c)
	}
	return all
}

// removal returns what there is to do to remove a link.
func (c candidate) removal(p *local) removal {
	r := removal{nonce: c.nonce, remoteID: c.RemoteID, strays: straysOf(p.forwarders, c.Remote)}
	if c.remote != nil && (c.link == nil || c.link.removed.IsZero()) {
		r.id = c.id
	}
	return r
}

// straysOf returns the forwarders that Janus has made for a remotization without
// marking them as such. Those that are marked are not listed.
func straysOf(forwarders []videoroom.Forwarder, r videoroom.Remote) []uint32 {
	var ids []uint32
	for _, f := range forwarders {
		if f.Host == r.Host && f.Port == r.Port {
			ids = append(ids, f.StreamID)
		}
	}
	return ids
}

// choose returns the index of the link that stays, or -1.
func (w *world) choose(r route, found []candidate) int {
	best := -1
	for i, c := range found {
		if w.suits(r, c) && (best < 0 || c.nonce < found[best].nonce) {
			best = i
		}
	}
	return best
}

// suits reports whether a link is whole and leads where it should in the way it
// should.
func (w *world) suits(r route, c candidate) bool {
	broken := c.link != nil && c.link.broken
	return c.whole && !broken && c.host == hostHash(w.host(r.from, r.to)) && (c.key != "") == w.wantsSRTP(r)
}

// wantsSRTP reports whether media of a route is to be encrypted.
func (w *world) wantsSRTP(r route) bool {
	switch w.srtp {
	case SRTPOff:
		return false
	case SRTPRequired:
		return true
	}
	return w.servers[r.from].version >= sinceSRTP && w.servers[r.to].version >= sinceSRTP
}

// creation returns a new link, or nil if the streams of the publisher are not
// known.
func (w *world) creation(r route, p *local) *creation {
	if len(p.streams) == 0 {
		w.pending = true
		return nil
	}
	version := w.servers[r.to].version
	return &creation{
		display: p.display, metadata: w.wantedMetadata(r, p, version),
		streams: translate(p.streams, version), host: w.host(r.from, r.to), srtp: w.wantsSRTP(r),
	}
}

// wantedMetadata returns the metadata of a remote publisher, or nil if its server
// does not take any.
func (w *world) wantedMetadata(r route, p *local, version int) json.RawMessage {
	if version < sinceMetadata {
		return nil
	}
	raw, err := w.metadata(r, p.metadata)
	if err != nil {
		raw, _ = w.metadata(r, nil) // metadata that is not an object; cannot fail without it
	}
	return raw
}

// maintain makes a link follow its publisher.
func (w *world) maintain(j *job, p *local, c candidate) {
	if len(straysOf(p.forwarders, c.Remote)) > 0 {
		w.point(j, p, c)
	}
	if j.create != nil {
		return
	}
	if c.remote == nil || c.remote.streams == nil || len(p.streams) == 0 {
		w.pending = true // it cannot be compared yet
		return
	}
	version := w.servers[j.to].version
	want := translate(p.streams, version)
	var sent []videoroom.Stream
	if c.link != nil {
		sent = c.link.sent
	}
	d := compare(want, c.remote.streams, sent)
	metadata := w.wantedMetadata(j.route, p, version)
	if sameJSON(metadata, c.remote.metadata) {
		metadata = nil
	}
	d.update = d.update || metadata != nil || p.display != "" && p.display != c.remote.display
	if !d.again && !d.update {
		delete(w.tried, j.route)
		return
	}
	if w.triedBefore(j.route, d.again, want, p, c) {
		return
	}
	encrypted := c.key != ""
	switch {
	case d.again, encrypted && d.data, encrypted && d.media && !w.knowsKey(j.route, c):
		w.replace(j, p, c)
	default:
		j.update = &update{nonce: c.nonce, id: c.id, display: p.display, metadata: metadata, streams: want}
		if encrypted && w.knowsKey(j.route, c) {
			j.update.crypto = w.crypto(j.route, c.nonce)
		}
		if d.data {
			w.point(j, p, c)
		}
	}
}

// knowsKey reports whether the SRTP key of a link is the one that this
// controller would make.
func (w *world) knowsKey(r route, c candidate) bool { return c.key == w.check(r, c.nonce) }

// point makes the remotization of a link once more. Janus restarts the encryption
// then, which the other server cannot follow, so that an encrypted link is
// replaced.
func (w *world) point(j *job, p *local, c candidate) {
	if c.key != "" {
		w.replace(j, p, c)
		return
	}
	j.repoint = &repoint{Remote: c.Remote, host: w.host(j.from, j.to)}
}

// replace removes a link and makes a new one.
func (w *world) replace(j *job, p *local, c candidate) {
	if j.create = w.creation(j.route, p); j.create != nil {
		j.remove = append(j.remove, c.removal(p))
		j.update, j.repoint = nil, nil
	}
}

// triedBefore reports whether the same change was made before and has not helped,
// and notes it otherwise. Such a change is not repeated for a while.
func (w *world) triedBefore(r route, again bool, want []videoroom.Stream, p *local, c candidate) bool {
	nonce := c.nonce
	if again {
		nonce = "" // the next link would have another one
	}
	text, err := json.Marshal([]any{
		nonce, want, p.display, string(p.metadata), c.remote.streams, c.remote.display, string(c.remote.metadata),
	})
	if err != nil {
		return true
	}
	before := w.tried[r]
	since := w.now.Sub(before.at)
	if before.change != string(text) || since > retry {
		w.tried[r] = attempt{string(text), w.now}
		return false
	}
	if since < settle {
		w.pending = true // Janus may still be about to tell of it
	} else {
		w.stuck[r] = true
	}
	return true
}

// awaited reports whether a remote publisher that nothing seems to feed stays for
// now: its server is down, but not for long, or it was just removed.
func (w *world) awaited(to string, id plugin.ID, rem *remote) bool {
	from := rem.from
	if l := w.shown[place{to, id}]; l != nil {
		if !l.removed.IsZero() && w.now.Sub(l.removed) < settle {
			w.pending = true
			return true
		}
		from = l.from
	}
	if from != "" {
		server := w.servers[from]
		return server != nil && server.missing()
	}
	for name, server := range w.servers {
		if name != to && server.missing() && !server.listed {
			return true
		}
	}
	return false
}

// missing reports whether a server is expected to be back soon.
func (s *state) missing() bool { return !s.up && !s.dead && !s.leaving }

// removeOrphan removes a remote publisher that nothing feeds.
func (w *world) removeOrphan(to string, id plugin.ID) job {
	j := job{route: route{to: to}, remove: []removal{{id: id}}}
	if l := w.shown[place{to, id}]; l != nil {
		j.from, j.publisher = l.from, l.publisher
	}
	return j
}
