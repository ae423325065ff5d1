package realjanus

import (
	"fmt"
	"slices"
)

// version is the version of a server: major, minor and patch.
type version [3]int

// parseVersion reads a version such as 1.4.1. Anything after it is ignored.
func parseVersion(text string) (v version, err error) {
	if _, err := fmt.Sscanf(text, "%d.%d.%d", &v[0], &v[1], &v[2]); err != nil {
		return version{}, fmt.Errorf("read Janus's version %q: %w", text, err)
	}
	return v, nil
}

func (v version) before(other version) bool { return slices.Compare(v[:], other[:]) < 0 }

func (v version) String() string { return fmt.Sprintf("%d.%d.%d", v[0], v[1], v[2]) }
