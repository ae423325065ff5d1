package socket

import (
	"errors"
	"strings"
)

// The texts of the errors of other packages that are rewritten here. Nothing
// but the wording of our own errors depends on them.
const (
	textDial = "failed to WebSocket dial: " // the websocket library
	textRead = "failed to get reader: "     // the websocket library
	textPeek = "readLoopPeekFailLocked: "   // net/http, when the answer is not HTTP
	textURL  = "net/url: "                  // some errors of net/url
)

// trimmedError is an error without the beginning of its text.
type trimmedError struct {
	prefix string
	err    error
}

func (e *trimmedError) Error() string { return strings.TrimPrefix(e.err.Error(), e.prefix) }
func (e *trimmedError) Unwrap() error { return e.err }

// plainDialError makes an error of websocket.Dial readable.
func plainDialError(err error) error {
	if strings.HasPrefix(err.Error(), textPeek) {
		return errors.New("the server does not answer in HTTP")
	}
	return &trimmedError{textDial, err}
}

// plainReadError makes an error of a websocket's Reader readable.
func plainReadError(err error) error { return &trimmedError{textRead, err} }

// urlProblem returns what an error of url.Parse says, without the part of the
// URL that it quotes.
func urlProblem(err error) string {
	text := strings.TrimPrefix(err.Error(), textURL)
	if end := strings.IndexAny(text, "\"`:("); end >= 0 {
		text = text[:end]
	}
	return strings.TrimSpace(text)
}
