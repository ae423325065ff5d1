//go:build linux

package chromium

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// speech writes a sound file that goes on and on like a voice: without pauses, and
// with a pitch and overtones that change, so that nothing takes it for noise.
func speech(t testing.TB) string {
	t.Helper()
	const rate, seconds = 48_000, 3
	samples := make([]int16, rate*seconds)
	phase := 0.0
	for i := range samples {
		at := float64(i) / rate
		phase += 2 * math.Pi * (150 + 60*math.Sin(2*math.Pi*3*at)) / rate
		loudness := 0.6 + 0.4*math.Sin(2*math.Pi*5*at)
		sum := 0.0
		for overtone := 1.0; overtone <= 8; overtone++ {
			sum += math.Sin(overtone*phase) / overtone
		}
		samples[i] = int16(14_000 * loudness * sum / 2)
	}
	var file []byte
	file = append(file, "RIFF"...)
	file = binary.LittleEndian.AppendUint32(file, uint32(36+2*len(samples)))
	file = append(file, "WAVEfmt "...)
	for _, field := range []any{uint32(16), uint16(1), uint16(1), uint32(rate), uint32(2 * rate), uint16(2), uint16(16)} {
		file, _ = binary.Append(file, binary.LittleEndian, field) // integers do not fail
	}
	file = append(file, "data"...)
	file = binary.LittleEndian.AppendUint32(file, uint32(2*len(samples)))
	file, _ = binary.Append(file, binary.LittleEndian, samples)
	name := filepath.Join(t.TempDir(), "speech.wav")
	if err := os.WriteFile(name, file, 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}
