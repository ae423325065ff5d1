package janustest

// notify pushes an event of the plugin. It is lost if no connection owns the
// session, or if the participant is a remote one, which has no handle.
func notify(s *Server, h *handle, data object, jsep any) {
	if h != nil {
		_ = s.push(h, nil, data, jsep)
	}
}

// moderatedUser is moderated for requests about a participant.
func (v *videoroom) moderatedUser(body members, params ...param) (*room, *publisher, *roomError) {
	rm, err := v.moderated(body, append([]param{{"id", anIdent, true}}, params...)...)
	if err != nil {
		return nil, nil, err
	}
	p := rm.participant(body.ident("id"))
	if p == nil {
		return nil, nil, roomErrorf(roomNoSuchFeed, "No such user %s in room %s", body.ident("id"), rm.id)
	}
	return rm, p, nil
}

func (v *videoroom) kick(r *Request, body members) (object, *roomError) {
	_, p, err := v.moderatedUser(body, param{"secret", aString, false})
	if err != nil {
		return nil, err
	}
	notify(r.srv, p.handle, object{
		{"videoroom", "event"}, {"room", p.room.id}, {"leaving", "ok"}, {"reason", "kicked"},
	}, nil)
	v.leave(r.srv, p, "kicked")
	if !p.remote {
		r.srv.hangup(p.handle, "Close PC")
	}
	return object{{"videoroom", "success"}}, nil
}

func (v *videoroom) moderate(r *Request, body members) (object, *roomError) {
	params := []param{{"secret", aString, false}, {"mid", aString, true}, {"mute", aBoolean, true}}
	rm, p, err := v.moderatedUser(body, params...)
	if err != nil {
		return nil, err
	}
	stream := p.stream(body.str("mid"))
	if stream == nil {
		return nil, roomErrorf(roomNoSuchFeed, "No such stream %s", body.str("mid"))
	}
	stream.moderated = body.flag("mute", false)
	state := "unmuted"
	if stream.moderated {
		state = "muted"
	}
	for _, other := range rm.participants {
		notify(r.srv, other.handle, object{
			{"videoroom", "event"}, {"room", rm.id}, {"id", p.id}, {"mid", stream.mid}, {"moderation", state},
		}, nil)
	}
	return object{{"videoroom", "success"}}, nil
}

// enableRecording starts or stops the recording of a room. Janus does not check
// the type of the room's id here.
func (v *videoroom) enableRecording(_ *Request, body members) (object, *roomError) {
	if err := v.check(body, param{"record", aBoolean, true}); err != nil {
		return nil, err
	}
	rm := v.room(body.ident("room"))
	if rm == nil {
		return nil, roomErrorf(roomNoSuchRoom, "No such room (%s)", body.ident("room"))
	}
	if err := v.checkSecret(body, "secret", rm.secret); err != nil {
		return nil, err
	}
	rm.record = body.flag("record", false)
	return object{{"videoroom", "success"}, {"record", rm.record}}, nil
}

func (v *videoroom) listParticipants(_ *Request, body members) (object, *roomError) {
	rm, err := v.find(body)
	if err != nil {
		return nil, err
	}
	list := []object{}
	for _, p := range rm.participants {
		o := p.identity()
		if p.remote {
			o = o.with("remote", true)
		}
		list = append(list, o.with("publisher", p.started))
	}
	return object{{"videoroom", "participants"}, {"room", rm.id}, {"participants", list}}, nil
}
