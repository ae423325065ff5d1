package faults

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"

	janus "github.com/cameronelliott/janus-go"
)

// However a secret is spelled, nested or cut off in what comes or goes, it is
// not logged or quoted, and a log line shows no more than some KiB of a frame.
func TestSecretsHoweverTheyAreSpelled(t *testing.T) {
	noLeaks(t)
	said := new(output)
	server := newStub(t, nil)
	c := connect(t, server.URL, &janus.DialOptions{
		Logger: slog.New(slog.NewTextHandler(said, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	session, handle := c.open(t)
	members := []string{
		`"Token":"s3cret"`, `"\u0074oken":"s3cret"`, `"srtpcrypto":"s3cret"`, `"authorization":"s3cret"`, `"credential":"s3cret"`,
		`"tokens":["a","s3cret"]`, `"secret":{"a":{"b":"s3cret"}}`, `"tokens":[{"token":"s3cret"},{"token":"s3cret"}]`,
		`"headers":{"Proxy-Authorization":"Digest s3cret"}`, `"sdp":"a=crypto:1 AES inline:s3cret\r\n"`,
	}
	var body strings.Builder
	body.WriteString(`{"do":"echo"`)
	for _, member := range members {
		body.WriteString("," + member)
		server.Broadcast(`{"janus":"event","session_id":1,"sender":2,` + member + `}`)
		server.Broadcast(fmt.Sprintf(`{"janus":5,"session_id":%d,%s}`, session.ID, member))
		server.Broadcast(`{"janus":"event","session_id":{` + member + `}}`)
		server.Broadcast(`{"janus":"event","session_id":1,"pad":"` + strings.Repeat("x", 1<<20) + `",` + member + `}`)
	}
	body.WriteString("}")
	if _, err := handle.Message(t.Context(), "", rawBody(body.String()), nil); err != nil {
		t.Fatal(err)
	}
	server.Broadcast(`{"janus":"event","session_id":1,"\u0054okens":["a","s3cret`) // ends the connection
	said.error("group", c.mustEnd(t))
	said.assertClean(t, "level=DEBUG", "message for nobody", "not a JSON object", "***", "bytes)")
	said.mu.Lock()
	defer said.mu.Unlock()
	for line := range strings.Lines(said.text.String()) {
		if len(line) > 16<<10 {
			t.Errorf("a line of %d bytes: %.200s", len(line), line)
		}
	}
}

// rawBody is a request that is JSON already.
type rawBody string

func (b rawBody) MarshalJSON() ([]byte, error) { return []byte(b), nil }
