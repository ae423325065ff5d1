package main

import "context"

// visitor is the user of a socket, who may become a participant or an operator.
type visitor struct {
	conference  *conference
	browser     *browser
	participant *participant // nil before join
	operator    bool
	passwords   int // wrong ones
}

// serve serves a socket until it ends. Participants end with ctx.
func (c *conference) serve(ctx context.Context, b *browser) {
	v := &visitor{conference: c, browser: b}
	err := b.run(func(socket context.Context, m message) {
		switch {
		case m.Type == "operator":
			v.logIn(m.Password)
		case v.operator:
			c.operate(socket, b, m)
		case m.Type == "join":
			v.join(ctx, m)
		case v.participant != nil:
			v.participant.deliver(socket, m)
		default:
			b.send(problemOf(errJoinFirst, m.Type))
		}
	})
	c.Log.Debug("a socket has ended", "err", err)
	if v.participant != nil {
		c.lose(v.participant, b)
	}
	c.gone(b)
}

// join resumes a participant or makes one.
func (v *visitor) join(ctx context.Context, m message) {
	c := v.conference
	if p := c.resume(m.Resume, v.browser); p != nil {
		if p != v.participant {
			v.leave()
		}
		v.participant = p
		p.browserChanged()
		return
	}
	v.leave()
	name, err := cleanName(m.Name)
	if err != nil {
		v.browser.send(problemOf(err, m.Type))
		return
	}
	room := m.Room.ID
	if room.IsZero() {
		room = c.Room
	}
	v.participant = c.newParticipant(ctx, v.browser, room, name)
}

// leave ends the participant that used the socket before, if any. It may have ended.
func (v *visitor) leave() {
	if v.participant != nil {
		v.participant.cancel()
		<-v.participant.done
	}
	v.participant = nil
}

func (v *visitor) logIn(password string) {
	if v.passwords == maxPasswords {
		return // the socket is being closed
	}
	if v.conference.isOperator(password) {
		v.leave()
		v.operator = true
		v.conference.addOperator(v.browser)
		return
	}
	v.conference.Log.Warn("a wrong password of an operator")
	v.browser.send(problemOf(errPassword, "operator"))
	if v.passwords++; v.passwords == maxPasswords {
		v.browser.close("too many wrong passwords")
	}
}
