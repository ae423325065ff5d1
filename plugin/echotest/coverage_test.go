package echotest_test

import (
	"testing"

	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/echotest"
)

// pkg is the package, for the checks.
var pkg = plugtest.Package{
	Name:  echotest.Name,
	On:    func(c plugin.Caller) any { return echotest.On(c) },
	Parse: echotest.Parse,
	Error: func(code int) error { return echotest.ErrorCode(code) },
	Check: func(t testing.TB, event plugin.Event) {
		plugtest.CheckLossless(t, event, "echotest", "event", "result")
	},
}

func TestCoverage(t *testing.T) { plugtest.CheckCoverage(t, pkg) }

func TestMethods(t *testing.T) { plugtest.CheckRequests(t, pkg) }

func TestSamples(t *testing.T) { plugtest.CheckSamples(t, pkg) }

func TestCorpus(t *testing.T) { plugtest.CheckCorpus(t, pkg) }

func FuzzParse(f *testing.F) { plugtest.FuzzParse(f, pkg, nil) }
