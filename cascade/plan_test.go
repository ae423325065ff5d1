package cascade

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/videoroom"
)

// A model stands for the servers of a cascade. It has the faults of Janus: remote
// publishers come and go later than their requests are answered, and data
// channels that appear by renegotiation get forwarders that nobody removes.
type model struct {
	*testing.T
	*Controller
	random  *rand.Rand
	opts    Options
	faults  bool // requests fail
	servers map[string]*modelServer
	nextID  uint64
	port    int
	passes  int
	whole   bool // the last pass had nothing to do
}

type modelServer struct {
	version int
	up      bool
	locals  map[plugin.ID]*modelLocal
	remotes map[plugin.ID]*modelRemote
	stopped map[plugin.ID]bool
}

type modelLocal struct {
	local
	remotes map[string]modelRemotization // by remote_id
	latched map[string]bool              // keyframes can be asked for
}

type modelRemotization struct {
	videoroom.Remote
	crypto string
	data   bool // data channels are forwarded
}

type modelRemote struct {
	videoroom.Participant
	streams []videoroom.Stream
	port    int
	crypto  []string  // of each stream
	from    time.Time // listed from, to
	to      time.Time
}

// foreign are things of somebody else, which must not be touched.
var foreign = struct {
	id   plugin.ID
	name string
}{plugin.Num(5), "cascade/other/B/nonce/host/"}

func newModel(t *testing.T, seed uint64, room plugin.ID, versions ...int) *model {
	m := &model{T: t, random: rand.New(rand.NewPCG(seed, 1)), servers: make(map[string]*modelServer), port: 10_000}
	for i, version := range versions {
		s := &modelServer{version: version, up: true}
		s.restart()
		m.servers[string(rune('A'+i))] = s
	}
	m.opts = Options{Room: videoroom.Create{Room: room}, Secret: []byte("secret")}
	m.startController()
	return m
}

// startController starts a controller that remembers nothing.
func (m *model) startController() {
	controller, err := New(m.opts)
	if err != nil {
		m.Fatal(err)
	}
	for name := range m.servers {
		if err := controller.AddServer(Server{Name: name, Host: "host" + name, Attach: new(site).attach}); err != nil {
			m.Fatal(err)
		}
	}
	m.Controller = controller
	// A controller cannot know of publishers that have stopped and started again
	// before it was there.
	for _, s := range m.servers {
		s.stopped = make(map[plugin.ID]bool)
		for _, p := range s.locals {
			for name := range p.remotes {
				p.latched[name] = true
			}
		}
	}
}

func (s *modelServer) restart() {
	s.locals, s.stopped = make(map[plugin.ID]*modelLocal), make(map[plugin.ID]bool)
	s.remotes = make(map[plugin.ID]*modelRemote)
	for _, id := range []plugin.ID{foreign.id, plugin.Str("foreign")} {
		s.remotes[id] = &modelRemote{
			Participant: videoroom.Participant{ID: id, Remote: true, Publisher: true}, to: time.Now().Add(time.Hour),
		}
	}
}

// listing returns what the controller finds on a server.
func (m *model) listing(name string) *listing {
	s := m.servers[name]
	l := &listing{version: s.version, locals: make(map[plugin.ID]*local), remotes: make(map[plugin.ID]*remote), stopped: s.stopped}
	s.stopped = make(map[plugin.ID]bool)
	for _, id := range sortedIDs(s.locals) {
		p := s.locals[id]
		found := p.local
		found.remotizations = nil
		for _, name := range slices.Sorted(maps.Keys(p.remotes)) {
			r := p.remotes[name]
			if parsed, ok := m.names.parseRemoteID(r.RemoteID); ok {
				found.remotizations = append(found.remotizations, listedRemotization{parsed, r.Remote})
			}
		}
		if m.faults && m.random.IntN(5) == 0 {
			found.streams = nil // the event has not come yet
		}
		l.locals[id] = &found
	}
	for _, id := range sortedIDs(s.remotes) {
		r, now := s.remotes[id], time.Now()
		if now.Before(r.from) {
			continue
		}
		if now.After(r.to) {
			delete(s.remotes, id)
			continue
		}
		from, ok := m.names.owns(r.Participant, s.version)
		if !ok {
			continue
		}
		l.remotes[id] = &remote{from: from, display: r.Display, metadata: r.Metadata, streams: listed(r.streams)}
	}
	return l
}

// listed returns streams as Janus lists them: of those that are disabled it says
// nothing more.
func listed(streams []videoroom.Stream) []videoroom.Stream {
	list := slices.Clone(streams)
	for i, s := range list {
		if s.Disabled {
			list[i] = videoroom.Stream{Type: s.Type, Mindex: s.Mindex, Mid: s.Mid, Disabled: true}
		}
	}
	return list
}

// pass does a pass of the controller.
func (m *model) pass() error {
	m.passes++
	m.take()
	for _, member := range m.sortedMembers() {
		if s := m.servers[member.Name]; s.up {
			member.listed(m.listing(member.Name), nil, m.number)
		} else {
			member.listed(nil, errors.New("down"), m.number)
		}
	}
	w := m.world()
	jobs := w.plan()
	failed := make(map[route]error)
	for _, i := range m.random.Perm(len(jobs)) {
		if err := m.do(jobs[i]); err != nil {
			failed[jobs[i].route] = err
		}
	}
	m.forgetOld(w, failed)
	m.whole = len(jobs) == 0 && !w.pending
	return m.report(w, jobs, failed)
}

var errModel = errors.New("the request failed")

// try fails now and then, and for servers that are down.
func (m *model) try(server string) error {
	if !m.servers[server].up || m.faults && m.random.IntN(8) == 0 {
		return errModel
	}
	return nil
}

// do does a job as the Controller does.
func (m *model) do(j job) error {
	for _, r := range j.remove {
		if err := m.removeLink(j.route, r); err != nil {
			return err
		}
	}
	if u := j.update; u != nil {
		if err := m.try(j.to); err != nil {
			return err
		}
		m.update(m.servers[j.to].remotes[u.id], u)
		m.updated(u)
	}
	if j.repoint != nil {
		if err := m.repoint(j); err != nil {
			return err
		}
	}
	if j.create != nil {
		return m.create(j.route, j.create)
	}
	return nil
}

func (m *model) removeLink(r route, l removal) error {
	if l.remoteID != "" {
		if err := m.try(r.from); err != nil {
			return err
		}
		if p := m.servers[r.from].locals[r.publisher]; p != nil {
			p.forwarders = slices.DeleteFunc(p.forwarders, func(f videoroom.Forwarder) bool { return slices.Contains(l.strays, f.StreamID) })
			if m.try(r.from) != nil {
				return errModel
			}
			if l.remoteID == foreign.name {
				m.Error("a foreign remotization was removed")
			}
			delete(p.remotes, l.remoteID)
		}
	}
	if !l.id.IsZero() {
		if err := m.try(r.to); err != nil {
			return err
		}
		if l.id == foreign.id || l.id == plugin.Str("foreign") {
			m.Error("a foreign publisher was removed")
		}
		if remote := m.servers[r.to].remotes[l.id]; remote != nil {
			remote.to = time.Now().Add(time.Duration(m.random.IntN(1000)) * time.Millisecond)
		}
	}
	m.forget(r.to, l)
	return nil
}

// update changes a remote publisher as Janus does.
func (m *model) update(r *modelRemote, u *update) {
	if r == nil {
		return
	}
	if u.display != "" {
		r.Display = u.display
	}
	if u.metadata != nil {
		r.Metadata = u.metadata
	}
	for i, s := range u.streams {
		if s.Mid != fmt.Sprint(i) || s.Mindex != i || s.Type != videoroom.Data && s.Codec == "" {
			m.Errorf("stream %d is %+v", i, s)
		}
		if i < len(r.streams) {
			r.streams[i].Disabled = s.Disabled
			continue
		}
		r.streams = append(r.streams, s)
		crypto := u.crypto
		if s.Type == videoroom.Data {
			crypto = ""
		}
		r.crypto = append(r.crypto, crypto)
	}
}

func (m *model) repoint(j job) error {
	if err := m.try(j.from); err != nil {
		return err
	}
	p := m.servers[j.from].locals[j.publisher]
	if p == nil {
		return nil
	}
	delete(p.remotes, j.repoint.RemoteID)
	p.forwarders = slices.DeleteFunc(p.forwarders, func(f videoroom.Forwarder) bool {
		return f.Host == j.repoint.Host && f.Port == j.repoint.Port
	})
	if err := m.try(j.from); err != nil {
		return err
	}
	m.publish(p, modelRemotization{Remote: j.repoint.Remote, data: true})
	return nil
}

func (m *model) publish(p *modelLocal, r modelRemotization) {
	p.remotes[r.RemoteID] = r
	p.latched[r.RemoteID] = true
}

func (m *model) create(r route, n *creation) error {
	if err := m.try(r.to); err != nil {
		return err
	}
	from, to := m.servers[r.from], m.servers[r.to]
	nonce := fmt.Sprintf("nonce%d", m.random.Uint64())
	name, crypto := remotization{to: r.to, nonce: nonce, host: hostHash(n.host)}, ""
	if n.srtp {
		name.key, crypto = m.keys.check(r, nonce), m.keys.crypto(r, nonce)
	}
	m.port += 2
	id := m.names.id(r, nonce)
	if to.remotes[id] != nil || n.metadata != nil && to.version < sinceMetadata || n.srtp && min(from.version, to.version) < sinceSRTP {
		m.Errorf("%+v cannot be added", n)
	}
	added := &modelRemote{
		Participant: videoroom.Participant{ID: id, Display: n.display, Metadata: n.metadata, Remote: true, Publisher: true},
		port:        m.port, from: time.Now().Add(time.Duration(m.random.IntN(1000)) * time.Millisecond), to: time.Now().Add(time.Hour),
	}
	m.update(added, &update{streams: n.streams, crypto: crypto})
	to.remotes[id] = added
	if m.faults && m.random.IntN(20) == 0 {
		return errModel // the answer is lost
	}
	m.remember(nonce, &link{route: r, id: id, since: time.Now(), made: true, srtp: n.srtp, sent: n.streams})
	p := from.locals[r.publisher]
	if err := m.try(r.from); err != nil || p == nil {
		return errors.Join(errModel, m.removeLink(r, removal{nonce: nonce, id: id}))
	}
	m.publish(p, modelRemotization{
		Remote: videoroom.Remote{RemoteID: m.names.remoteID(name), Host: "10.0.0." + r.to, Port: m.port, RTCPPort: m.port + 1},
		crypto: crypto, data: true,
	})
	return nil
}

// happen makes something happen that the controller does not do.
func (m *model) happen() {
	names := slices.Sorted(maps.Keys(m.servers))
	name := names[m.random.IntN(len(names))]
	s := m.servers[name]
	id, p := some(m.random, s.locals)
	switch m.random.IntN(12) {
	case 0, 1, 2:
		if s.up {
			m.join(s)
		}
	case 3:
		delete(s.locals, id)
		s.stopped[id] = true
	case 4, 5, 6:
		if p != nil {
			m.renegotiate(p)
		}
	case 7: // a publisher stops and starts again with its handle
		if p != nil {
			p.streams, p.latched, p.forwarders = m.streams(), make(map[string]bool), nil
			s.stopped[id] = true
		}
	case 8:
		s.restart()
	case 9:
		s.up = !s.up
	case 10:
		if m.random.IntN(2) == 0 {
			m.opts.Secret = []byte(fmt.Sprint(m.random.Uint64()))
		}
		m.startController()
	case 11: // an operator removes something
		if id, _ := some(m.random, s.remotes); id != foreign.id && id != plugin.Str("foreign") {
			delete(s.remotes, id)
		}
	}
}

// some returns a random element, if there is one.
func some[T any](random *rand.Rand, m map[plugin.ID]T) (id plugin.ID, v T) {
	if len(m) == 0 {
		return id, v
	}
	id = sortedIDs(m)[random.IntN(len(m))]
	return id, m[id]
}

func (m *model) streams() []videoroom.Stream {
	streams := []videoroom.Stream{{Type: "audio", Codec: "opus", Mid: "a"}}
	for range m.random.IntN(3) {
		streams = append(streams, m.stream(len(streams)))
	}
	return streams
}

func (m *model) stream(index int) videoroom.Stream {
	s := videoroom.Stream{Mindex: index, Mid: fmt.Sprint("m", index), Disabled: m.random.IntN(4) == 0}
	switch m.random.IntN(4) {
	case 0:
		s.Type, s.Disabled = "data", false
	case 1:
		s.Type, s.Codec, s.H264Profile = "video", "h264", "42e01f"
	default:
		s.Type, s.Codec = "video", "vp8"
	}
	if s.Disabled {
		s.Codec, s.H264Profile = "", ""
	}
	return s
}

func (m *model) join(s *modelServer) {
	m.nextID++
	id := plugin.Num(m.nextID)
	if m.names.strings {
		id = plugin.Str(fmt.Sprint("user/", m.nextID))
	}
	s.locals[id] = &modelLocal{
		local: local{display: fmt.Sprint("user ", m.nextID), metadata: json.RawMessage(`{"role":"guest"}`), streams: m.streams()},
		remotes: map[string]modelRemotization{
			foreign.name: {Remote: videoroom.Remote{RemoteID: foreign.name, Host: "10.0.0.B", Port: 1}},
		},
		latched: make(map[string]bool),
	}
}

// renegotiate adds, disables or enables a stream, or changes its codec.
func (m *model) renegotiate(p *modelLocal) {
	p.streams = slices.Clone(p.streams)
	i := m.random.IntN(len(p.streams) + 1)
	switch {
	case i == len(p.streams):
		s := m.stream(i)
		p.streams = append(p.streams, s)
		if s.Type == "data" {
			for name, r := range p.remotes {
				r.data = false
				p.remotes[name] = r
				m.nextID++
				p.forwarders = append(p.forwarders, videoroom.Forwarder{StreamID: uint32(m.nextID), Type: "data", Host: r.Host, Port: r.Port})
			}
		}
	case p.streams[i].Type == "video" && p.streams[i].Disabled:
		p.streams[i].Disabled, p.streams[i].Codec = false, videoroom.Codec([]string{"vp8", "vp9"}[m.random.IntN(2)])
	case p.streams[i].Type == "video":
		p.streams[i].Disabled, p.streams[i].Codec, p.streams[i].H264Profile = true, "", ""
	}
}

// settle lets the controller work undisturbed until there is nothing to do.
func (m *model) settle() {
	m.faults = false
	var err error
	for range 100 {
		time.Sleep(time.Second)
		if err = m.pass(); m.whole && err == nil && m.still() {
			return
		}
	}
	m.Fatalf("there is still something to do: %v", err)
}

// still reports whether no remote publisher is about to come or to go.
func (m *model) still() bool {
	soon := time.Now().Add(2 * time.Second)
	for _, s := range m.servers {
		for _, r := range s.remotes {
			if r.from.After(time.Now()) || r.to.Before(soon) {
				return false
			}
		}
	}
	return true
}

// check checks that each publisher is shown once on each other server, rightly,
// and that nothing else is there.
func (m *model) check() {
	for to, s := range m.servers {
		expected := 2 // foreign ones
		for from, other := range m.servers {
			if from != to {
				expected += len(other.locals)
			}
		}
		if len(s.remotes) != expected {
			m.Errorf("%s has %d remote publishers, want %d", to, len(s.remotes), expected)
		}
	}
	for from, s := range m.servers {
		for id, p := range s.locals {
			if len(p.remotes) != len(m.servers) { // one of them is foreign
				m.Errorf("%v on %s has the remotizations %+v", id, from, p.remotes)
			}
			for _, f := range p.forwarders {
				if f.Port != 1 {
					m.Errorf("%v on %s has the stray forwarder %+v", id, from, f)
				}
			}
			for name, r := range p.remotes {
				if name != foreign.name {
					m.checkLink(from, id, p, r)
				}
			}
		}
	}
}

// checkLink checks that both halves of a link agree with each other and with the
// publisher.
func (m *model) checkLink(from string, id plugin.ID, p *modelLocal, r modelRemotization) {
	parsed, _ := m.names.parseRemoteID(r.RemoteID)
	to := m.servers[parsed.to]
	there := to.remotes[m.names.id(route{from, id, parsed.to}, parsed.nonce)]
	switch {
	case there == nil:
		m.Errorf("%v of %s is not on %s", id, from, parsed.to)
		return
	case there.port != r.Port:
		m.Errorf("%v of %s is sent to port %d of %s, want %d", id, from, r.Port, parsed.to, there.port)
	case !p.latched[r.RemoteID]:
		m.Errorf("%s cannot ask for keyframes of %v", parsed.to, id)
	case there.Display != p.display:
		m.Errorf("%v is called %q on %s", id, there.Display, parsed.to)
	}
	if encrypted := min(m.servers[from].version, to.version) >= sinceSRTP; encrypted != (r.crypto != "") {
		m.Errorf("%v of %s on %s: encrypted is %v", id, from, parsed.to, !encrypted)
	}
	want := translate(p.streams, to.version)
	if got, want := listed(there.streams), listed(want); !reflect.DeepEqual(got, want) {
		m.Errorf("%v of %s has on %s\n%+v, want\n%+v", id, from, parsed.to, got, want)
	}
	for i, crypto := range there.crypto {
		if data := there.streams[i].Type == videoroom.Data; !data && crypto != r.crypto || data && !r.data {
			m.Errorf("%v of %s on %s: stream %d cannot be received", id, from, parsed.to, i)
		}
	}
}

// Whatever happens, in the end each publisher is shown once on each other server.
func TestWhateverHappens(t *testing.T) {
	t.Parallel()
	seeds := []uint64{223, 362} // they have found what the others do not
	for seed := range uint64(80) {
		seeds = append(seeds, seed)
	}
	for _, seed := range seeds {
		room := number
		if seed%2 == 1 {
			room = plugin.Str("room")
		}
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newModel(t, seed, room, 1402, 1401, 1102)
				for range 4 {
					m.faults = true
					for range 25 {
						if m.random.IntN(2) == 0 {
							m.happen()
						}
						time.Sleep(time.Duration(m.random.IntN(1500)) * time.Millisecond)
						_ = m.pass() // failures are part of it
					}
					for _, s := range m.servers {
						s.up = true
					}
					m.settle()
					m.check()
					if t.Failed() {
						return
					}
				}
			})
		})
	}
}
