package main

import "testing"

func TestParseCascade(t *testing.T) {
	const out = "BenchmarkCascade-2   5   912345678 ns/op   110.0 calls/idle   925.0 calls/show   21.40 ms/idle   612.3 ms/show\nPASS\n"
	c, err := parseCascade([]byte(out))
	if err != nil || *c != (cascaded{Show: "612", Idle: "21", ShowCalls: "925", IdleCalls: "110"}) {
		t.Errorf("got %+v, %v", c, err)
	}
	if c, err := parseCascade([]byte("PASS\n")); err == nil {
		t.Errorf("got %+v from nothing", c)
	}
}
