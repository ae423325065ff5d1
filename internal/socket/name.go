package socket

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"unicode"
)

// unnamed stands for a URL that may have a secret anywhere.
const unnamed = "the given URL"

// Name returns rawURL for errors and logs: its scheme, host and port, and its
// path up to the first character other than a letter, a digit or one of
// "/-._~". User information, path parameters, the query and the fragment, which
// may be secret, are left out. A URL that is malformed, or that has an "@" behind
// its host, may hold a password in place of the host: its name is "the given
// URL".
func Name(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil || !isWebsocket(u) || !isPlainHost(u) || hasLateAt(rawURL) {
		return unnamed
	}
	path := u.Path
	if end := strings.IndexFunc(path, isUnusual); end >= 0 {
		path = path[:end]
	}
	return u.Scheme + "://" + u.Host + path
}

// checkURL returns what is wrong with rawURL, without quoting it.
func checkURL(rawURL string) error {
	u, err := url.Parse(rawURL)
	var parse *url.Error
	switch {
	case errors.As(err, &parse):
		return fmt.Errorf("not a valid URL: %s", urlProblem(parse.Err))
	case err != nil:
		return errors.New("not a valid URL")
	case !isWebsocket(u):
		return errors.New("the URL's scheme is not ws or wss")
	case u.Host == "":
		return errors.New("the URL has no host")
	}
	return nil
}

func isWebsocket(u *url.URL) bool {
	switch u.Scheme {
	case "ws", "wss", "http", "https":
		return true
	}
	return false
}

// isPlainHost reports whether the host of u is a name or an IP address without a
// zone, with or without a numeric port.
func isPlainHost(u *url.URL) bool {
	name, port := u.Hostname(), u.Port()
	host := name
	if strings.HasPrefix(u.Host, "[") {
		if ip, err := netip.ParseAddr(name); err != nil || ip.Zone() != "" {
			return false
		}
		host = "[" + name + "]"
	} else if name == "" || strings.ContainsFunc(name, func(r rune) bool { return r == '/' || r == '~' || isUnusual(r) }) {
		return false
	}
	return strings.TrimSuffix(u.Host, ":") == host || u.Host == host+":"+port
}

// hasLateAt reports whether an "@" follows the host of rawURL. The text before
// it may be user information with a "/", "?" or "#" that was not escaped.
func hasLateAt(rawURL string) bool {
	_, rest, _ := strings.Cut(rawURL, "://")
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		return false
	}
	return strings.Contains(rest[end:], "@") || strings.Contains(rest[end:], "%40")
}

// isUnusual reports whether r is not part of a plain path.
func isUnusual(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("/-._~", r)
}
