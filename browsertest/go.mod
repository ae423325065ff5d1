module github.com/cameronelliott/janus-go/browsertest

go 1.25.0

replace github.com/cameronelliott/janus-go => ..

require (
	github.com/chromedp/cdproto v0.159.0
	github.com/chromedp/chromedp v0.23.0
	golang.org/x/sync v0.20.0
	golang.org/x/sys v0.47.0
)

require nhooyr.io/websocket v1.8.17

require (
	github.com/cameronelliott/janus-go v0.0.0
	github.com/go-json-experiment/json v0.0.0-20260213210345-44df1a37e875 // indirect
)
