// Package readmetest keeps the README's Go code working.
package readmetest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/cameronelliott/janus-go/janustest"
)

const (
	module = "github.com/cameronelliott/janus-go"

	// address is the server that the README's programs connect to.
	address = "ws://localhost:8188"
)

// root is the folder of the README and of the module.
var root = filepath.Join("..", "..")

var goBlock = regexp.MustCompile("(?ms)^```go\n(.*?)^```$")

func TestGoBlocks(t *testing.T) {
	readme := read(t, "README.md")
	blocks := goBlock.FindAllStringSubmatch(readme, -1)
	if n := strings.Count(readme, "```go\n"); n == 0 || n != len(blocks) {
		t.Fatalf("%d of the README's %d Go blocks are well-formed", len(blocks), n)
	}
	for i, block := range blocks {
		t.Run(fmt.Sprint(i+1), func(t *testing.T) {
			code := block[1]
			switch {
			case !strings.HasPrefix(code, "package "):
				checkCode(t, "fragment.go", wrap(code), "vet", ".")
			case strings.Contains(code, "func Test"):
				checkCode(t, "readme_test.go", code, "test", ".")
			default:
				server := janustest.NewServer()
				defer server.Close()
				checkCode(t, "main.go", strings.ReplaceAll(code, address, server.URL), "run", ".")
			}
		})
	}
}

// checkCode runs the go command on a file in a module of its own, which uses
// this one by the replace line that the README recommends. Nothing is
// downloaded.
func checkCode(t *testing.T, file, code string, args ...string) {
	t.Helper()
	here, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write(t, dir, "go.mod", fmt.Sprintf("module readme\n\ngo 1.25.0\n\nrequire %s v0.0.0\n\nreplace %s => %q\n", module, module, here))
	write(t, dir, "go.sum", read(t, "go.sum"))
	write(t, dir, file, code)
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOPROXY=off", "GOFLAGS=-mod=mod")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("go %s: %v\n%s\n%s", strings.Join(args, " "), err, out, code)
	}
}

// imports are those that a fragment may use, by the name in the code.
var imports = map[string]string{
	"context":     `"context"`,
	"errgroup":    `"golang.org/x/sync/errgroup"`,
	"errors":      `"errors"`,
	"fmt":         `"fmt"`,
	"http":        `"net/http"`,
	"janus":       `janus "` + module + `"`,
	"signedtoken": `"` + module + `/signedtoken"`,
	"slog":        `"log/slog"`,
	"time":        `"time"`,
	"tls":         `"crypto/tls"`,
	"websocket":   `"nhooyr.io/websocket"`,
	"x509":        `"crypto/x509"`,
}

// wrap makes a file of a fragment: a function with the names that the README
// uses without saying where they come from. What the fragment declares counts
// as used.
func wrap(fragment string) string {
	body := `func _(ctx context.Context, gateway *janus.Gateway, group *errgroup.Group, session *janus.Session, handle *janus.Handle, token, url string) error {
	{
` + fragment
	for _, name := range []string{"gateway", "group", "session", "handle", "err"} {
		if regexp.MustCompile(`(?m)^[\w, ]*\b` + name + `\b[\w, ]* := `).MatchString(fragment) {
			body += "_ = " + name + "\n"
		}
	}
	body += "}\nreturn nil\n}\n"

	file := "package fragment\n\n"
	for name, spec := range imports {
		if regexp.MustCompile(`\b` + name + `\.`).MatchString(body) {
			file += "import " + spec + "\n"
		}
	}
	return file + body
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
