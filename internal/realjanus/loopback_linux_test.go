package realjanus

import "testing"

func TestServerBindsLoopbackOnly(t *testing.T) {
	tests := map[string]struct {
		opts Options
		want int
	}{
		"websockets": {Options{}, 2},
		"HTTP":       {Options{HTTP: true}, 4},
		"all plugins": {Options{Plugins: []string{
			"audiobridge", "echotest", "nosip", "recordplay", "sip", "streaming", "textroom", "videocall", "videoroom",
		}}, 2},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			server := Start(t, test.opts)
			bound, err := boundAddresses(server.PID(), "tcp", "tcp6", "udp", "udp6")
			if err != nil {
				t.Fatal(err)
			}
			if len(bound) != test.want {
				t.Errorf("the server has bound %v, want %d addresses", bound, test.want)
			}
			for _, address := range bound {
				if !address.Addr().IsLoopback() {
					t.Errorf("the server has bound %v, which is not on loopback", address)
				}
			}
		})
	}
}
