package janustest

import "slices"

// updateSubscriber serves subscribe, unsubscribe and update, which is both at
// once.
func (v *videoroom) updateSubscriber(r *Request, sub *subscriber, request string, body members) *roomError {
	add, remove, err := v.updates(request, body)
	if err != nil {
		return err
	}
	if err := v.checkWanted(sub.room, add); err != nil {
		return err
	}
	removed := sub.remove(func(s *subscription, source *stream) bool {
		return slices.ContainsFunc(remove, func(w members) bool { return w.selects(s, source) })
	})
	if added := sub.subscribe(add, nil); !added && !removed {
		_ = r.Event(object{{"videoroom", "updated"}, {"room", sub.room.id}}, nil)
		return nil
	}
	if !sub.offerOrWait(func() {
		updated := sub.updated()
		_ = r.Event(updated, sub.offer())
	}) {
		_ = r.Event(object{{"videoroom", "updating"}, {"room", sub.room.id}}, nil)
	}
	return nil
}

// updates reads the streams that a request adds and removes.
func (v *videoroom) updates(request string, body members) (add, remove []members, err *roomError) {
	if request != "update" {
		if err := v.check(body, param{"streams", anArray, true}); err != nil {
			return nil, nil, err
		}
		list := body.list("streams")
		switch {
		case request == "subscribe" && len(list) == 0:
			return nil, nil, roomErrorf(roomInvalidElement, "Empty subscription list")
		case request == "subscribe":
			return list, nil, nil
		case len(list) == 0:
			return nil, nil, roomErrorf(roomInvalidElement, "Empty unsubscription list")
		}
		return nil, list, nil
	}
	if err := v.check(body, param{"subscribe", anArray, false}, param{"unsubscribe", anArray, false}); err != nil {
		return nil, nil, err
	}
	if body.get("subscribe") == nil && body.get("unsubscribe") == nil {
		return nil, nil, roomErrorf(roomMissingElement, "At least one of either 'subscribe' or 'unsubscribe' must be present")
	}
	return body.list("subscribe"), body.list("unsubscribe"), nil
}

// selects reports whether an element of an unsubscribe list names a stream.
func (m members) selects(s *subscription, source *stream) bool {
	if sub := m.get("sub_mid"); sub != nil {
		return unquote(sub) == s.mid
	}
	if m.ident("feed") != source.publisher.id {
		return false
	}
	return m.get("mid") == nil || m.str("mid") == source.mid
}

// switchSubscriber gives sections that are there other sources.
func (v *videoroom) switchSubscriber(r *Request, sub *subscriber, body members) *roomError {
	if err := v.check(body, param{"streams", anArray, false}); err != nil {
		return err
	}
	wanted := body.list("streams")
	if len(wanted) == 0 {
		// The deprecated form names a feed only. It was always 0 by default.
		if body.get("feed") == nil && v.stringIDs {
			return roomErrorf(roomMissingElement, "At least one between 'streams' and 'feed' must be specified")
		}
		p := sub.room.participant(body.ident("feed"))
		if p == nil || !p.started {
			return roomErrorf(roomNoSuchFeed, "No such feed (%s)", body.ident("feed"))
		}
		wanted = sub.matching(p)
	}
	for _, w := range wanted {
		if err := v.checkSwitch(sub, w); err != nil {
			return err
		}
	}
	changes, revived := 0, false
	for _, w := range wanted {
		source := sub.room.participant(w.ident("feed")).stream(w.str("mid"))
		s := sub.section(w.str("sub_mid"))
		if s == nil || s.kind != source.kind || s.codec != source.codec || slices.Contains(s.sources, source) {
			continue
		}
		revived = revived || len(s.sources) == 0
		s.sources, s.send, s.targets = []*stream{source}, true, nil
		s.tune(w)
		changes++
	}
	switched := object{
		{"videoroom", "event"}, {"switched", "ok"}, {"room", sub.room.id}, {"changes", changes},
		{"streams", sub.describe()},
	}
	if revived { // the offer comes first
		sub.offerOrWait(func() {
			updated := sub.updated()
			_ = r.Event(updated, sub.offer())
		})
	}
	_ = r.Event(switched, nil)
	return nil
}

// matching pairs the streams of a publisher with the sections that can take them.
func (sub *subscriber) matching(p *publisher) []members {
	var pairs []members
	taken := map[*subscription]bool{}
	for _, st := range p.streams {
		for _, s := range sub.streams {
			if !taken[s] && s.kind == st.kind && s.codec == st.codec {
				taken[s] = true
				pairs = append(pairs, members{
					{"feed", []byte(p.id)}, {"mid", []byte(stringIdent(st.mid))}, {"sub_mid", []byte(stringIdent(s.mid))},
				})
				break
			}
		}
	}
	return pairs
}

func (v *videoroom) checkSwitch(sub *subscriber, w members) *roomError {
	params := append([]param{{"mid", aString, true}, {"sub_mid", aString, true}}, layerParams[:4]...)
	if err := v.check(w, append(params, param{"feed", anIdent, true})...); err != nil {
		return err
	}
	p := sub.room.participant(w.ident("feed"))
	if p == nil || !p.started {
		return roomErrorf(roomNoSuchFeed, "No such feed (%s)", w.ident("feed"))
	}
	if p.stream(w.str("mid")) == nil {
		return roomErrorf(roomNoSuchFeed, "No such mid '%s' in feed (%s)", w.str("mid"), p.id)
	}
	return nil
}
