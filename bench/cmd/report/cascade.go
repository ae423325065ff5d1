package main

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
)

// cascaded is what BenchmarkCascade of the module reports.
type cascaded struct {
	Show, Idle           string // ms
	ShowCalls, IdleCalls string
}

// measureCascade runs BenchmarkCascade in the folder of the module.
func measureCascade(ctx context.Context, module string, times int) (*cascaded, error) {
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^BenchmarkCascade$", "-benchtime", fmt.Sprint(times, "x"), ".")
	cmd.Dir = module
	out, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("cascade: %w\n%s", err, out)
	}
	return parseCascade(out)
}

// parseCascade reads the figures in the output of go test.
func parseCascade(out []byte) (*cascaded, error) {
	var c cascaded
	for unit, text := range map[string]*string{
		"ms/show": &c.Show, "ms/idle": &c.Idle, "calls/show": &c.ShowCalls, "calls/idle": &c.IdleCalls,
	} {
		found := regexp.MustCompile(`(\S+) ` + unit).FindSubmatch(out)
		if found == nil {
			return nil, fmt.Errorf("cascade: no %s in\n%s", unit, out)
		}
		value, err := strconv.ParseFloat(string(found[1]), 64)
		if err != nil {
			return nil, fmt.Errorf("cascade: %s: %w", unit, err)
		}
		*text = fmt.Sprintf("%.0f", value)
	}
	return &c, nil
}
