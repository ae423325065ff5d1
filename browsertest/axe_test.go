//go:build linux

package browsertest

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cameronelliott/janus-go/browsertest/internal/chromium"
)

// axeVersion is the version of axe-core, which finds faults of accessibility. It
// comes from npm when a test first needs it, and is kept in the user's cache.
const axeVersion = "4.14.1"

// notesEnv is the variable that names a file to which tests append a line for
// what they could not check.
const notesEnv = "JANUS_NOTES"

// axe is the script.
var axe = sync.OnceValues(func() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	file := filepath.Join(cache, "janus-go", "axe-core-"+axeVersion+".js")
	if script, err := os.ReadFile(file); err == nil {
		return string(script), nil
	}
	script, err := fetchAxe()
	if err != nil {
		return "", err
	}
	_ = keep(file, script) // or it is fetched again the next time
	return string(script), nil
})

// fetchAxe gets the package and takes the script out of it.
func fetchAxe() (script []byte, err error) {
	dir, err := os.MkdirTemp("", "janus-axe")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "npm", "pack", "--silent", "--pack-destination", dir, "axe-core@"+axeVersion)
	if output, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("npm pack axe-core: %w: %s", err, output)
	}
	file, err := os.Open(filepath.Join(dir, "axe-core-"+axeVersion+".tgz"))
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // it was only read
	return unpack(file, "package/axe.min.js")
}

// unpack returns one file of a compressed archive.
func unpack(archive io.Reader, name string) ([]byte, error) {
	plain, err := gzip.NewReader(archive)
	if err != nil {
		return nil, err
	}
	files := tar.NewReader(plain)
	for {
		header, err := files.Next()
		if err != nil {
			return nil, fmt.Errorf("find %s: %w", name, err)
		}
		if header.Name == name {
			return io.ReadAll(files)
		}
	}
}

// keep writes a file so that other tests find the whole of it, or none.
func keep(file string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	part, err := os.CreateTemp(filepath.Dir(file), "part")
	if err != nil {
		return err
	}
	_, err = part.Write(content)
	if err = errors.Join(err, part.Close()); err != nil {
		return errors.Join(err, os.Remove(part.Name()))
	}
	return os.Rename(part.Name(), file)
}

// checkAccess fails the test for each fault of accessibility of a page in the state
// in which it is.
func checkAccess(t *testing.T, p *chromium.Page, state string) {
	t.Helper()
	for _, fault := range accessFaults(t, p) {
		t.Errorf("%s, %s: accessibility: %s", p.Name, state, fault)
	}
}

// accessFaults returns what axe-core finds, or nothing where it cannot be had.
func accessFaults(t *testing.T, p *chromium.Page) []string {
	t.Helper()
	script, err := axe()
	if err != nil {
		noteAxe.Do(func() { note(t, "accessibility of the pages: axe-core cannot be had from npm") })
		t.Logf("not checked: accessibility: %v", err)
		return nil
	}
	chromium.Get[bool](p, script+"\n;!!window.axe")
	return chromium.Get[[]string](p, `(async () => {
		const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
		const found = await axe.run(document, {runOnly: {type: "tag", values: tags}, preload: false, resultTypes: ["violations"]});
		return found.violations.map(v => v.id + ": " + v.help + ": " + v.nodes.map(n => n.html.slice(0, 200) + " " + (n.any[0]?.message ?? "")).join(" | "));
	})()`)
}

// A field without its label is found.
func TestAccessFaultsAreSeen(t *testing.T) {
	chromium.Program(t)
	if _, err := axe(); err != nil {
		t.Skip(err)
	}
	c := start(t, conferenceProgram, "-url", "ws://127.0.0.1:9", "-listen", "127.0.0.1:0")
	page := chromium.Start(t, chromium.Options{}).Open(t, "page", c.URL)
	page.Await("the form", `document.body.dataset.state === "form"`)
	chromium.Get[bool](page, `(document.querySelector("label[for=name]").remove(), true)`)
	if faults := "\n" + strings.Join(accessFaults(t, page), "\n"); !strings.Contains(faults, "\nlabel: ") {
		t.Errorf("the faults are %q, want that of a label", faults)
	}
}

var noteAxe sync.Once

// note appends a line about what was not checked to the file that is there for it.
func note(t *testing.T, text string) {
	t.Helper()
	name := os.Getenv(notesEnv)
	if name == "" {
		return
	}
	file, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	_, err = fmt.Fprintln(file, text)
	if err := errors.Join(err, file.Close()); err != nil {
		t.Fatal(err)
	}
}

// checkPolicy checks the content security policy that a page came with.
func checkPolicy(t *testing.T, p *chromium.Page) {
	t.Helper()
	policy := p.Header("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "base-uri 'none'", "frame-ancestors 'none'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("%s: the policy has no %s: %q", p.Name, want, policy)
		}
	}
	for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"} {
		if got := p.Header(name); got != want {
			t.Errorf("%s: the header %s is %q, want %q", p.Name, name, got, want)
		}
	}
}
