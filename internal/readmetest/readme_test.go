// Package readmetest keeps the Go code of the documents working.
package readmetest

import (
	"bufio"
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cameronelliott/janus-go/janustest"
)

const (
	module = "github.com/cameronelliott/janus-go"

	// address is the server that the programs of the documents connect to.
	address = "ws://localhost:8188"

	// patience is how long a program may take for a step.
	patience = 2 * time.Minute
)

// root is the folder of the README and of the module.
var root = filepath.Join("..", "..")

// withCode are the documents that must have Go code.
var withCode = []string{"README.md", "docs/guide.md", "docs/migrating.md"}

// withSketches are the documents whose Go code cannot be compiled: it leaves parts
// out, or is for tests within this module.
var withSketches = []string{"docs/plugins.md", "docs/testing.md"}

var goBlock = regexp.MustCompile("(?ms)^```go\n(.*?)^```$")

// TestGoBlocks compiles all Go code of the documents. It runs the tests among
// it, and the programs on a server that is restarted under them.
func TestGoBlocks(t *testing.T) {
	for _, document := range documents(t) {
		if slices.Contains(withSketches, document) {
			continue
		}
		t.Run(document, func(t *testing.T) {
			text := read(t, document)
			blocks := goBlock.FindAllStringSubmatch(text, -1)
			if n := strings.Count(text, "```go\n"); n != len(blocks) {
				t.Fatalf("%d of %d Go blocks are well-formed", len(blocks), n)
			}
			if len(blocks) == 0 && slices.Contains(withCode, document) {
				t.Fatal("no Go blocks")
			}
			dir := newModule(t)
			for i, block := range blocks {
				write(t, dir, fmt.Sprintf("block%d/%s", i+1, fileName(block[1])), complete(block[1]))
			}
			// What follows a fragment that returns is unreachable.
			if len(blocks) == 0 || !goCommand(t, dir, "vet", "-unreachable=false", "./...") {
				return
			}
			for i, block := range blocks {
				switch pkg := fmt.Sprintf("./block%d", i+1); {
				case strings.Contains(block[1], "func Test"):
					goCommand(t, dir, "test", pkg)
				case strings.HasPrefix(block[1], "package main"):
					t.Run(pkg, func(t *testing.T) { recovers(t, dir, pkg, block[1]) })
				}
			}
		})
	}
}

// TestTLS runs the guide's code for TLS, with the certificate of a stand-in server.
func TestTLS(t *testing.T) {
	server := janustest.NewTLSServer()
	defer server.Close()
	for _, block := range goBlock.FindAllStringSubmatch(read(t, "docs/guide.md"), -1) {
		if !strings.Contains(block[1], "ca.pem") {
			continue
		}
		dir := newModule(t)
		write(t, dir, "main.go", strings.ReplaceAll(complete(block[1]), "wss://janus.example.net:8989", server.URL))
		certificate := &pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}
		write(t, dir, "ca.pem", string(pem.EncodeToMemory(certificate)))
		if goCommand(t, dir, "run", ".") && server.Handshakes() != 1 {
			t.Errorf("%d handshakes", server.Handshakes())
		}
		return
	}
	t.Error("no code for TLS")
}

// documents returns the README and everything in docs.
func documents(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"README.md"}
	for _, path := range paths {
		names = append(names, "docs/"+filepath.Base(path))
	}
	return names
}

// newModule returns the folder of a module that uses this one by the replace
// line that the README recommends.
func newModule(t *testing.T) string {
	t.Helper()
	here, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write(t, dir, "go.mod", fmt.Sprintf("module readme\n\ngo 1.25.0\n\nrequire %s v0.0.0\n\nreplace %s => %q\n", module, module, here))
	write(t, dir, "go.sum", read(t, "go.sum"))
	return dir
}

// goCommand runs the go command in dir and reports whether it succeeded. Nothing
// is downloaded.
func goCommand(t *testing.T, dir string, args ...string) bool {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOPROXY=off", "GOFLAGS=-mod=mod")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return err == nil
}

// recovers runs a program on a stand-in server. The program must print a line
// that begins with "joined" when it starts and again after each fault, and must
// end without an error when it is interrupted.
func recovers(t *testing.T, dir, pkg, code string) {
	server := janustest.NewUnstartedServer()
	server.ReclaimTimeout = patience
	server.Start()
	defer server.Close()
	write(t, dir, pkg+"/main.go", strings.ReplaceAll(code, address, server.URL))
	program := filepath.Join(t.TempDir(), "program")
	if !goCommand(t, dir, "build", "-o", program, pkg) {
		return
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, program)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(stdout)
	joined := func(when string) {
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				t.Fatalf("%s: the program has ended, or hangs: %v", when, cmd.Wait())
			}
			if strings.HasPrefix(line, "joined") {
				return
			}
		}
	}
	joined("at first")
	if strings.Contains(code, "ReclaimedMsg") { // otherwise a cut makes no difference to the program
		server.Cut()
		joined("after a lost connection")
	}
	server.Restart()
	joined("after a restart of Janus")
	server.Destroy(server.Sessions()[0])
	server.Cut() // so that the client notices
	joined("after the end of its session")

	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, lines)
	if err := cmd.Wait(); err != nil {
		t.Errorf("the interrupted program ended with %v", err)
	}
}

// imports are those that a fragment may use, by the name in the code.
var imports = map[string]string{
	"admin":       `"` + module + `/admin"`,
	"cascade":     `"` + module + `/cascade"`,
	"context":     `"context"`,
	"echotest":    `"` + module + `/plugin/echotest"`,
	"errgroup":    `"golang.org/x/sync/errgroup"`,
	"errors":      `"errors"`,
	"fmt":         `"fmt"`,
	"http":        `"net/http"`,
	"janus":       `janus "` + module + `"`,
	"log":         `"log"`,
	"os":          `"os"`,
	"plugin":      `"` + module + `/plugin"`,
	"signedtoken": `"` + module + `/signedtoken"`,
	"slog":        `"log/slog"`,
	"time":        `"time"`,
	"tls":         `"crypto/tls"`,
	"trace":       `"` + module + `/trace"`,
	"videoroom":   `"` + module + `/plugin/videoroom"`,
	"websocket":   `"nhooyr.io/websocket"`,
	"x509":        `"crypto/x509"`,
}

// given are the names that fragments use without declaring them.
const given = "ctx context.Context, gateway *janus.Gateway, group *errgroup.Group, session *janus.Session, " +
	"handle *janus.Handle, room *videoroom.Client, client *admin.Client, token, url, secret string, offer, answer *janus.JSEP"

// declared finds the names that a fragment declares.
var declared = regexp.MustCompile(`(?m)^(?:((?:\w+, )*\w+) :=|var ((?:\w+, )*\w+) )`)

// fileName returns the name of the file that a block becomes.
func fileName(code string) string {
	if strings.Contains(code, "func Test") {
		return "block_test.go"
	}
	return "main.go"
}

// complete makes a program of a block that is not a file. What the block declares
// counts as used.
func complete(code string) string {
	if strings.HasPrefix(code, "package ") {
		return code
	}
	body := "func block(" + given + ") error {\n{\n" + code
	for _, match := range declared.FindAllStringSubmatch(code, -1) {
		for name := range strings.SplitSeq(match[1]+match[2], ", ") {
			if name != "_" {
				body += "_ = " + name + "\n"
			}
		}
	}
	body += "}\nreturn nil\n}\n\nfunc main() {\n" +
		"if err := block(context.Background(), nil, nil, nil, nil, nil, nil, \"\", \"\", \"\", nil, nil); err != nil {\nlog.Fatal(err)\n}\n}\n"

	file := "package main\n\n"
	for name, spec := range imports {
		if regexp.MustCompile(`\b` + name + `\.`).MatchString(body) {
			file += "import " + spec + "\n"
		}
	}
	return file + body
}

// testName is the name of a test in a document.
var testName = regexp.MustCompile("`((?:Test|Fuzz)[A-Z]\\w*)`")

// TestNamedTestsExist looks for all tests that the documents name.
func TestNamedTestsExist(t *testing.T) {
	var sources strings.Builder
	err := filepath.WalkDir(root, func(path string, _ os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		sources.Write(source)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, document := range documents(t) {
		for _, match := range testName.FindAllStringSubmatch(read(t, document), -1) {
			if !strings.Contains(sources.String(), "\nfunc "+match[1]+"(") {
				t.Errorf("%s names %s, which does not exist", document, match[1])
			}
		}
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
