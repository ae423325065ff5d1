module github.com/cameronelliott/janus-go

go 1.25.0

require (
	golang.org/x/sync v0.20.0
	nhooyr.io/websocket v1.8.17
)
