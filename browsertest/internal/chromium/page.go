//go:build linux

package chromium

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/inspector"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Patience is how long a test waits for what must happen, unless it says
// otherwise. Only a test that fails uses it up.
const Patience = time.Minute

// Page is the page that a browser shows.
type Page struct {
	Name string // for messages of the test

	t       testing.TB
	ctx     context.Context
	host    string // the only one that may be asked
	browser *Browser

	mu       sync.Mutex
	faults   []string
	tolerate []*regexp.Regexp
	headers  network.Headers // of the page itself
	gone     bool            // the browser was killed by the test
}

// Open shows an address and watches the page until the test ends. The test fails
// for anything in the page's console that is worse than information, exceptions
// that nobody catches, violations of the content security policy, and requests to
// another host.
func (b *Browser) Open(t testing.TB, name, address string) *Page {
	t.Helper()
	at, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	p := &Page{Name: name, t: t, ctx: b.ctx, host: at.Host, browser: b}
	if err := chromedp.Listen(b.ctx, p.listen); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.checkFaults)
	p.Run(
		chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
			_, err := cdp.Call(ctx, target, audits.Enable, cdp.Empty{})
			return err
		}),
		chromedp.Navigate(address))
	return p
}

// Run performs actions one after the other.
func (p *Page) Run(actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, Patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		p.t.Fatalf("%s: %v\n%s", p.Name, err, p.describe())
	}
}

// Click clicks the element that a CSS selector finds, when it is there and can be
// clicked, as a person would: with the mouse at its middle.
func (p *Page) Click(selector string) {
	p.t.Helper()
	p.Await(selector+" can be clicked", `(() => { const e = document.querySelector(`+quote(selector)+`);
		return e && !e.disabled && e.checkVisibility({visibilityProperty: true}) })()`)
	p.Run(chromedp.Click(chromedp.CSS(selector)))
}

// Type fills a text field, in place of what is there.
func (p *Page) Type(selector, text string) {
	p.t.Helper()
	p.Await(selector+" is there", `document.querySelector(`+quote(selector)+`)?.checkVisibility() ?? false`)
	Get[bool](p, `(field => { field.focus(); field.select(); return true })(document.querySelector(`+quote(selector)+`))`)
	p.Press(text)
}

// Press presses keys, such as "m" or those of chromedp's package kb.
func (p *Page) Press(keys string) {
	p.t.Helper()
	p.Run(chromedp.KeyEvent(keys))
}

// Await waits until a JavaScript expression is true. A promise is waited for. An
// expression that throws is not true yet: a page changes while it is looked at.
func (p *Page) Await(what, expression string) {
	p.t.Helper()
	if err := p.await(expression); err != nil {
		p.t.Fatalf("%s: not after %v: %s: %v\n%s", p.Name, Patience, what, err, p.describe())
	}
}

// await evaluates an expression in the page until it is true. What it threw last is
// kept for describe.
func (p *Page) await(expression string) error {
	ctx, cancel := context.WithTimeout(p.ctx, Patience)
	defer cancel()
	loop := `(async () => {
		for (;;) {
			window.awaitThrew = undefined;
			try {
				if (await (` + expression + `)) return true;
			} catch (error) {
				window.awaitThrew = error;
			}
			await new Promise(resolve => setTimeout(resolve, 50));
		}
	})()`
	_, err := chromedp.Run(ctx, chromedp.Evaluate[bool](loop, chromedp.EvalAwaitPromise))
	return err
}

// Get evaluates an expression, or awaits its promise, and returns its value.
func Get[T any](p *Page, expression string) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, Patience)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("%s: %s: %v\n%s", p.Name, expression, err, p.describe())
	}
	return value
}

// Resize makes the window a desktop's or a phone's.
func (p *Page) Resize(width, height int64, phone bool) {
	p.t.Helper()
	if phone {
		p.Run(chromedp.EmulateViewport(width, height, chromedp.EmulateMobile, chromedp.EmulateTouch))
	} else {
		p.Run(chromedp.EmulateViewport(width, height))
	}
}

// Dark makes the person one who prefers dark colors, or light ones.
func (p *Page) Dark(dark bool) {
	p.t.Helper()
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	p.Run(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		return err
	}))
}

// Picture returns what the page looks like, as a PNG file.
func (p *Page) Picture() []byte {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, Patience)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		p.t.Fatalf("%s: take a picture: %v", p.Name, err)
	}
	return png
}

// Kill kills the page's browser.
func (p *Page) Kill() {
	p.mu.Lock()
	p.gone = true
	p.mu.Unlock()
	p.browser.Kill()
}

// Header returns a header of the answer that the page came with.
func (p *Page) Header(name string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	for key, value := range p.headers {
		if strings.EqualFold(key, name) {
			return fmt.Sprint(value)
		}
	}
	return ""
}

// Tolerate makes complaints that match a pattern no fault.
func (p *Page) Tolerate(pattern string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tolerate = append(p.tolerate, regexp.MustCompile(pattern))
}

// Faults returns what the page did wrong until now.
func (p *Page) Faults() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var faults []string
	for _, fault := range p.faults {
		if !p.tolerated(fault) {
			faults = append(faults, fault)
		}
	}
	return faults
}

func (p *Page) tolerated(fault string) bool {
	for _, pattern := range p.tolerate {
		if pattern.MatchString(fault) {
			return true
		}
	}
	return false
}

func (p *Page) checkFaults() {
	for _, fault := range p.Faults() {
		p.t.Errorf("%s: %s", p.Name, fault)
	}
}

// fault records what the page did wrong.
func (p *Page) fault(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.gone {
		p.faults = append(p.faults, fmt.Sprintf(format, args...))
	}
}

// listen is called for each event of the page.
func (p *Page) listen(event any) {
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		p.fault("uncaught: %s", uncaught(e.ExceptionDetails))
	case *runtime.EventConsoleAPICalled:
		p.console(e)
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelWarning || e.Entry.Level == log.EntryLevelError {
			p.fault("browser's %s: %s %s", e.Entry.Level, e.Entry.Text, e.Entry.URL)
		}
	case *audits.EventIssueAdded:
		if issue := e.Issue.Details.ContentSecurityPolicyIssueDetails; issue != nil {
			p.fault("content security policy: %s by %s", issue.ViolatedDirective, issue.BlockedURL)
		}
	case *inspector.EventTargetCrashed:
		p.fault("the page crashed")
	case *network.EventRequestWillBeSent:
		p.request(e.Request.URL)
	case *network.EventWebSocketCreated:
		p.request(e.URL)
	case *network.EventResponseReceived:
		p.response(e)
	}
}

func uncaught(details *runtime.ExceptionDetails) string {
	if thrown := details.Exception; thrown != nil {
		return details.Text + " " + thrown.Description
	}
	return details.Text
}

func (p *Page) console(e *runtime.EventConsoleAPICalled) {
	switch e.Type {
	case runtime.ConsoleAPICalledTypeError, runtime.ConsoleAPICalledTypeWarning, runtime.ConsoleAPICalledTypeAssert:
		var text []string
		for _, arg := range e.Args {
			text = append(text, strings.TrimSpace(string(arg.Value)+" "+arg.Description))
		}
		p.fault("console's %s: %s", e.Type, strings.Join(text, " "))
	}
}

func (p *Page) request(address string) {
	at, err := url.Parse(address)
	if err != nil {
		p.fault("request to %q: %v", address, err)
		return
	}
	switch at.Scheme {
	case "http", "https", "ws", "wss":
		if at.Host != p.host {
			p.fault("request to another host: %s", address)
		}
	}
}

func (p *Page) response(e *network.EventResponseReceived) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e.Type == network.ResourceTypeDocument {
		p.headers = e.Response.Headers
	}
}

// describe says what the page shows, for the message of a failure.
func (p *Page) describe() string {
	ctx, cancel := context.WithTimeout(p.ctx, 5*time.Second)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](`(async () => {
		let text = location + "\nstate: " + JSON.stringify({...document.body?.dataset}) + "\n" + document.body?.innerText;
		if (window.awaitThrew) text = "the condition threw " + awaitThrew + "\n" + text;
		if (window.conference?.stats) {
			const stats = Promise.resolve().then(() => conference.stats()).then(JSON.stringify, String);
			text += "\nstats: " + await Promise.race([stats, new Promise(r => setTimeout(r, 1000, "none"))]);
		}
		return text.slice(0, 8000);
	})()`, chromedp.EvalAwaitPromise))
	faults := p.Faults()
	return fmt.Sprintf("--- the page shows%s:\n%s\nfaults: %q\n---", ifError(err), text, faults)
}

func ifError(err error) string {
	if err == nil {
		return ""
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return " nothing, it does not answer"
	}
	return ": " + err.Error()
}

// quote writes a string as JavaScript does.
func quote(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // no string fails
	}
	return string(text)
}
