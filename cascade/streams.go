package cascade

import (
	"encoding/json"
	"reflect"

	"github.com/cameronelliott/janus-go/plugin/videoroom"
)

// The versions of Janus, as in janus.InfoMsg, from which on it can do something.
const (
	sinceRemotes  = 1100 // remote publishers
	sinceProfiles = 1201 // the profiles of a remote publisher's streams are strings
	sinceMetadata = 1300
	sinceSRTP     = 1300
)

// translate returns the streams of a publisher as those of a remote publisher on
// a server of some version.
func translate(streams []videoroom.Stream, version int) []videoroom.Stream {
	remote := videoroom.RemoteStreams(streams)
	if version < sinceProfiles {
		for i := range remote {
			remote[i].H264Profile, remote[i].VP9Profile = "", ""
		}
	}
	return remote
}

// difference says what it takes to make a remote publisher what it should be.
type difference struct {
	again  bool // it must be removed and added again
	update bool // it must be updated
	data   bool // the update adds a data channel
	media  bool // the update adds audio or video
}

// compare compares the streams that a remote publisher should have with those
// that it has. sent are those that it was made with, or nil if that is not known.
func compare(want, have, sent []videoroom.Stream) (d difference) {
	if len(have) > len(want) {
		return difference{again: true} // streams cannot be removed
	}
	for i, w := range want {
		if i >= len(have) {
			d.update = true
			d.data = d.data || w.Type == videoroom.Data
			d.media = d.media || w.Type != videoroom.Data
			continue
		}
		codec := have[i].Codec
		if have[i].Disabled && i < len(sent) {
			codec = sent[i].Codec // Janus does not list that of a disabled stream
		}
		h := have[i]
		switch {
		case h.Type != w.Type, !w.Disabled && codec != "" && codec != w.Codec:
			return difference{again: true}
		case w.Disabled != h.Disabled:
			d.update = true
		case w.Disabled:
		case changesForm(w, h):
			return difference{again: true}
		case w.Description != "" && w.Description != h.Description:
			d.update = true
		}
	}
	return d
}

// changesForm reports whether a stream has changed in a way that an update does
// not take over.
func changesForm(want, have videoroom.Stream) bool {
	return want.Simulcast.On != have.Simulcast.On || want.SVC.On != have.SVC.On ||
		want.H264Profile != "" && want.H264Profile != have.H264Profile ||
		want.VP9Profile != "" && want.VP9Profile != have.VP9Profile
}

// sameJSON reports whether two JSON texts have the same meaning. Both may be
// empty.
func sameJSON(a, b json.RawMessage) bool {
	if len(a) == 0 || len(b) == 0 {
		return len(a) == len(b)
	}
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}
