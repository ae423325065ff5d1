package wire

import (
	"bytes"
	"encoding/json"
	"testing"
)

// Size is not less than what Append makes of a request, and not much more.
func TestSize(t *testing.T) {
	part := json.RawMessage(`{"pad":"` + string(bytes.Repeat([]byte("x"), 10_000)) + `"}`)
	for name, r := range map[string]*Request{
		"body":       {Janus: "message", Session: 1, Handle: 2, Body: part},
		"jsep":       {Janus: "message", Session: 1, Handle: 2, Jsep: part},
		"candidate":  {Janus: "trickle", Session: 1, Handle: 2, Candidate: part},
		"candidates": {Janus: "trickle", Session: 1, Handle: 2, Candidates: part},
	} {
		exact := len(r.Append(nil, Transaction{Prefix: "prefix.", Number: 1}))
		if size := r.Size(); size < exact || size > exact+200 {
			t.Errorf("%s: the size of %d bytes is %d", name, exact, size)
		}
	}
}
