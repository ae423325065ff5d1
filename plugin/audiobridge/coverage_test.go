package audiobridge_test

import (
	"encoding/json"
	"os"
	"testing"
)

// coverage has the names of everything that the plugin has.
type coverage struct {
	Requests []string       `json:"requests"` // values of "request"
	Events   []string       `json:"events"`   // types of events that no request asked for
	Answers  []string       `json:"answers"`  // types of answers
	Errors   map[string]int `json:"errors"`   // error codes by their constants' names
}

func readCoverage(t *testing.T) coverage {
	t.Helper()
	raw, err := os.ReadFile("testdata/coverage.json")
	if err != nil {
		t.Fatal(err)
	}
	var c coverage
	if err := json.Unmarshal(raw, &c); err != nil {
		t.Fatal(err)
	}
	return c
}
