package main

//lint:file-ignore SA1019 the library measured is built on this module

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"

	janus "github.com/cameronelliott/janus-go"
	"nhooyr.io/websocket"
)

// versions says what was measured with what, one line each.
func versions(ctx context.Context, s *stage) []string {
	list := []string{
		"Go " + strings.TrimPrefix(runtime.Version(), "go"),
		janusVersion(ctx, s),
		"nhooyr.io/websocket " + moduleVersion("nhooyr.io/websocket"),
	}
	for _, c := range s.Contenders {
		if c.Version != "" {
			list = append(list, c.Name+" "+c.Version)
		}
	}
	if s.contender(janode) != nil {
		list = append(list, "Node.js "+orUnknown(output(ctx, ".", "node", "--version")))
	}
	return append(list,
		fmt.Sprintf("%d cores, %s", runtime.NumCPU(), processor()),
		orUnknown(output(ctx, ".", "uname", "-sr")))
}

func orUnknown(text string, err error) string {
	if err != nil {
		return "(version unknown)"
	}
	return text
}

// janusVersion asks the server.
func janusVersion(ctx context.Context, s *stage) string {
	gateway, _, err := janus.Connect(ctx, s.urls[realJanus])
	if err != nil {
		return "Janus (version unknown)"
	}
	defer func() { _ = gateway.Close(websocket.StatusNormalClosure, "") }() // only asked
	info, err := gateway.Info(ctx, "")
	if err != nil {
		return "Janus (version unknown)"
	}
	return "Janus " + info.VersionString
}

func moduleVersion(path string) string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			if module.Path == path {
				return module.Version
			}
		}
	}
	return "(version unknown)"
}

// processor is the model of this machine's.
func processor() string {
	file, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	defer func() { _ = file.Close() }() // only read
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if name, model, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(model)
		}
	}
	return runtime.GOARCH
}
