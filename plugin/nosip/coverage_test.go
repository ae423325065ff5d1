package nosip_test

import (
	"testing"

	"github.com/cameronelliott/janus-go/internal/plugtest"
	"github.com/cameronelliott/janus-go/plugin"
	"github.com/cameronelliott/janus-go/plugin/nosip"
)

// pkg is the package, for the checks.
var pkg = plugtest.Package{
	Name:  nosip.Name,
	On:    func(c plugin.Caller) any { return nosip.On(c) },
	Parse: nosip.Parse,
	Error: func(code int) error { return nosip.ErrorCode(code) },
	Check: checkLossless,
}

func TestCoverage(t *testing.T) { plugtest.CheckCoverage(t, pkg) }

func TestMethods(t *testing.T) { plugtest.CheckRequests(t, pkg) }

func TestSamples(t *testing.T) { plugtest.CheckSamples(t, pkg) }

func FuzzParse(f *testing.F) { plugtest.FuzzParse(f, pkg, nil) }
