//go:build linux

package browsertest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/cameronelliott/janus-go/browsertest/internal/chromium"
)

// picturesEnv is the variable that, set to 1, makes the tests write the pictures
// of the examples' documents.
const picturesEnv = "JANUS_PICTURES"

// mostBytes is how large a picture may be.
const mostBytes = 300_000

func pictures() bool { return os.Getenv(picturesEnv) == "1" }

// picture writes a picture of a page into the folder of an example, if pictures
// are wanted.
func picture(t *testing.T, p *chromium.Page, file string) {
	t.Helper()
	if !pictures() {
		return
	}
	png := p.Picture()
	if len(png) > mostBytes {
		t.Errorf("%s has %d bytes, want at most %d", file, len(png), mostBytes)
	}
	if err := os.WriteFile(filepath.Join("..", "examples", file), png, 0o644); err != nil {
		t.Fatal(err)
	}
}
