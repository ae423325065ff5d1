package videoroom

import (
	"slices"

	"github.com/cameronelliott/janus-go/plugin"
)

// Feeds is the list of the publishers and streams that a room offers to
// subscribers.
// Apply keeps it up to date from the answer to JoinPublisher and the events of
// the same handle:
//
//	var feeds videoroom.Feeds
//	feeds.Apply(joined)
//	for msg := range handle.Events {
//		event, ok := videoroom.Parse(msg)
//		if ok && feeds.Apply(event) {
//			if update, needed := feeds.Update(subscribed, nil); needed {
//				…
//			}
//		}
//	}
//
// The zero Feeds is empty. Its methods must not be called concurrently.
type Feeds struct {
	room       plugin.ID // that was joined
	publishers []Publisher
}

// Apply changes the list by an event, and reports whether it did. It takes any
// event and ignores those that do not concern it, and nil.
func (f *Feeds) Apply(event Event) bool {
	switch event := event.(type) {
	case *Joined:
		f.room = event.Room
		return f.reset(event.Publishers)
	case *Published:
		return f.add(event.Publishers)
	case *Unpublished:
		return f.remove(event.ID)
	case *Left:
		return f.remove(event.ID)
	case *Kicked:
		return f.remove(event.ID)
	case *SelfKicked, *SelfLeft:
		return f.reset(nil)
	case *Destroyed:
		return event.Room == f.room && f.reset(nil) // the handle may also destroy other rooms
	case *DisplayChanged:
		return f.change(event.ID, func(p *Publisher) bool {
			p.Display = event.Display
			return true
		})
	case *MetadataChanged:
		return f.change(event.ID, func(p *Publisher) bool {
			p.Metadata = event.Metadata
			return true
		})
	case *Moderated:
		return f.changeStream(event.ID, event.Mid, func(s *Stream) { s.Moderated = event.Moderation == Muted })
	case *Talking:
		return f.changeStream(event.ID, event.Mid, func(s *Stream) { s.Talking = true })
	case *StoppedTalking:
		return f.changeStream(event.ID, event.Mid, func(s *Stream) { s.Talking = false })
	}
	return false
}

// List returns the publishers, in the order in which they came. The caller may
// keep the list, but must not change the streams in it.
func (f *Feeds) List() []Publisher { return slices.Clone(f.publishers) }

// Update returns the request that makes a subscription receive the streams of
// the list, and whether any change is needed. subscribed are the streams of the
// subscription, from the last Attached, Updated or Switched; want chooses among
// the streams of the list, and may be nil for all of them. Disabled streams are
// left out.
//
// If subscribed is empty, the Subscribe of the result serves for JoinSubscriber.
func (f *Feeds) Update(subscribed []Stream, want func(Publisher, Stream) bool) (q Update, needed bool) {
	received := make(map[source]bool)
	for _, s := range subscribed {
		for _, from := range f.sources(s) {
			received[from] = true
		}
	}
	wanted := make(map[source]bool)
	for _, p := range f.publishers {
		for _, s := range p.Streams {
			if s.Disabled || want != nil && !want(p, s) {
				continue
			}
			from := source{p.ID, s.Mid}
			wanted[from] = true
			if !received[from] {
				q.Subscribe = append(q.Subscribe, SubscribeStream{Feed: from.feed, Mid: from.mid})
			}
		}
	}
	for _, s := range subscribed {
		q.Unsubscribe = append(q.Unsubscribe, unsubscribe(s, f.sources(s), wanted)...)
	}
	return q, len(q.Subscribe)+len(q.Unsubscribe) > 0
}

// unsubscribe returns what removes the sources of a stream that are not wanted. If
// none is, the stream is named by its own mid: Janus does not find it by a publisher
// that has been kicked, and does not remove it by itself.
func unsubscribe(s Stream, sources []source, wanted map[source]bool) (q []UnsubscribeStream) {
	for _, from := range sources {
		if !wanted[from] {
			q = append(q, UnsubscribeStream{Feed: from.feed, Mid: from.mid})
		}
	}
	if s.Mid != "" && len(q) > 0 && len(q) == len(sources) {
		return []UnsubscribeStream{{SubMid: s.Mid}}
	}
	return q
}

// source is a stream of a publisher.
type source struct {
	feed plugin.ID
	mid  string
}

// sources returns the sources of a stream of a subscription. Data may have
// several, of which Janus reports the publishers only.
func (f *Feeds) sources(s Stream) []source {
	if !s.FeedID.IsZero() {
		return []source{{s.FeedID, s.FeedMid}}
	}
	var from []source
	for _, id := range s.SourceIDs {
		from = append(from, source{id, f.dataMid(id)})
	}
	return from
}

// dataMid returns the mid of the data stream of a publisher, or "".
func (f *Feeds) dataMid(id plugin.ID) string {
	for _, p := range f.publishers {
		if p.ID != id {
			continue
		}
		for _, s := range p.Streams {
			if s.Type == Data {
				return s.Mid
			}
		}
	}
	return ""
}

func (f *Feeds) reset(publishers []Publisher) bool {
	changed := len(f.publishers)+len(publishers) > 0
	f.publishers = slices.Clone(publishers)
	return changed
}

// add adds publishers, or replaces those that are there.
func (f *Feeds) add(publishers []Publisher) bool {
	for _, p := range publishers {
		if i := f.index(p.ID); i >= 0 {
			f.publishers[i] = p
		} else {
			f.publishers = append(f.publishers, p)
		}
	}
	return len(publishers) > 0
}

func (f *Feeds) remove(id plugin.ID) bool {
	i := f.index(id)
	if i < 0 {
		return false
	}
	f.publishers = slices.Delete(f.publishers, i, i+1)
	return true
}

// change changes a publisher and reports whether it did.
func (f *Feeds) change(id plugin.ID, by func(*Publisher) bool) bool {
	i := f.index(id)
	return i >= 0 && by(&f.publishers[i])
}

// changeStream changes a stream of a publisher, and whether the publisher talks.
// The old streams stay as they are, for those who have the list.
func (f *Feeds) changeStream(id plugin.ID, mid string, by func(*Stream)) bool {
	return f.change(id, func(p *Publisher) bool {
		i := slices.IndexFunc(p.Streams, func(s Stream) bool { return s.Mid == mid })
		if i < 0 {
			return false
		}
		p.Streams = slices.Clone(p.Streams)
		by(&p.Streams[i])
		p.Talking = slices.ContainsFunc(p.Streams, func(s Stream) bool { return s.Talking })
		return true
	})
}

func (f *Feeds) index(id plugin.ID) int {
	return slices.IndexFunc(f.publishers, func(p Publisher) bool { return p.ID == id })
}
