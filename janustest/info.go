package janustest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

// versionNumber turns "1.4.2" into 1402, as Janus does.
func versionNumber(version string) int {
	var major, minor, patch int
	if _, err := fmt.Sscanf(version, "%d.%d.%d", &major, &minor, &patch); err != nil {
		return 0
	}
	return major*1000 + minor*100 + patch
}

// info is the answer to an info request.
func (s *Server) info(transaction json.RawMessage) []byte {
	modern := s.modern()
	o := object{
		{"janus", "server_info"},
		{"transaction", transaction},
		{"name", "Janus WebRTC Server"},
		{"version", versionNumber(s.Version)},
		{"version_string", s.Version},
		{"author", "Meetecho s.r.l."},
		{"commit-hash", "not-a-git-repo"},
		{"compile-time", "Thu Jan 19 08:09:02 UTC 2023"},
		{"log-to-stdout", true},
		{"log-to-file", false},
		{"data_channels", true},
		{"accepting-new-sessions", true},
		{"session-timeout", int(s.SessionTimeout / time.Second)},
		{"reclaim-session-timeout", int(s.ReclaimTimeout / time.Second)},
		{"candidates-timeout", 45},
		{"server-name", "MyJanusInstance"},
		{"local-ip", "127.0.0.1"},
		{"ipv6", false},
		{"ice-lite", false},
		{"ice-tcp", false},
		{"ice-nomination", "aggressive"},
	}
	if modern {
		o = o.with("ice-consent-freshness", false)
	}
	o = o.with("ice-keepalive-conncheck", false)
	if modern {
		o = o.with("hangup-on-failed", false)
	}
	o = append(o, object{
		{"full-trickle", true},
		{"mdns-enabled", true},
		{"min-nack-queue", 200},
		{"nack-optimizations", false},
		{"twcc-period", 200},
		{"dtls-mtu", 1200},
		{"static-event-loops", 0},
		{"api_secret", s.APISecret != ""},
		{"auth_token", s.hasTokens()},
		{"event_handlers", false},
		{"opaqueid_in_api", s.OpaqueIDInAPI},
		{"dependencies", dependencies(modern)},
		{"transports", object{{"janus.transport.websockets", component(
			"JANUS WebSockets transport plugin",
			"This transport plugin adds WebSockets support to the Janus API via libwebsockets.", 1)}}},
		{"events", object{}},
		{"loggers", object{}},
		{"plugins", s.pluginInfo(modern)},
	}...)
	text, err := encode(o)
	if err != nil {
		panic(err) // it is all plain values
	}
	return text
}

func dependencies(modern bool) object {
	libnice, crypto := "0.1.18", "OpenSSL 3.0.7 1 Nov 2022"
	if modern {
		libnice, crypto = "0.1.21", "OpenSSL 3.0.22 25 Aug 2026"
	}
	return object{
		{"glib2", "2.74.6"}, {"jansson", "2.14"}, {"libnice", libnice},
		{"libsrtp", "libsrtp2 2.5.0"}, {"libcurl", "7.88.1"}, {"crypto", crypto},
	}
}

// component describes a plugin or a transport of Janus.
func component(name, description string, version int) object {
	return object{
		{"name", name}, {"author", "Meetecho s.r.l."}, {"description", description},
		{"version_string", fmt.Sprintf("0.0.%d", version)}, {"version", version},
	}
}

// pluginInfo lists the plugins there are, the scripted ones too.
func (s *Server) pluginInfo(modern bool) object {
	s.mu.Lock()
	names := slices.Sorted(maps.Keys(s.plugins))
	s.mu.Unlock()
	list := make(object, 0, len(names))
	for _, name := range names {
		info := component(name, "This is a scripted plugin of a test.", 1)
		switch name {
		case echotestPackage:
			info = component("JANUS EchoTest plugin",
				"This is a trivial EchoTest plugin for Janus, just used to showcase the plugin interface.", 7)
		case videoroomPackage:
			version := 9
			if modern {
				version = 10
			}
			info = component("JANUS VideoRoom plugin",
				"This is a plugin implementing a videoconferencing SFU (Selective Forwarding Unit) for Janus, that is an audio/video router.", version)
		}
		list = list.with(name, info)
	}
	return list
}
