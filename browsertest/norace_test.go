//go:build !race

package browsertest

// raceDetector is whether the tests are built with the race detector.
const raceDetector = false
