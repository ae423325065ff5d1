//go:build unix

package main

import (
	"go/parser"
	"go/token"
	"testing"
)

// Every entry of the list applies to the source, and what it makes of it parses.
func TestListApplies(t *testing.T) {
	list, err := readList("mutants.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range append(list, impatience...) {
		text, err := m.apply("../..")
		if err != nil {
			t.Error(err)
			continue
		}
		if _, err := parser.ParseFile(token.NewFileSet(), m.file, text, 0); err != nil {
			t.Errorf("%s: %v", m, err)
		}
	}
}

func TestBadEntries(t *testing.T) {
	for _, line := range []string{
		"a.go\told",
		"a.go\told\tnew\treason\tmore",
		"a.go\told\tnew\t",
		"a.go\told\told",
		"a.go\t\tnew",
	} {
		if _, err := parseMutant(line); err == nil {
			t.Errorf("%q is accepted", line)
		}
	}
	for _, m := range []mutant{
		{file: "none.go", old: "a", new: "b"},
		{file: "list.go", old: "this is not " + "there", new: "b"},
		{file: "list.go", old: "return", new: "b"}, // too often
		{file: "list.go", function: "none", old: "return", new: "b"},
	} {
		if _, err := m.apply("."); err == nil {
			t.Errorf("%s applies", m)
		}
	}
	m := mutant{file: "list.go", function: "mutant.apply", old: "return nil, err⏎}⏎begin, end", new: "return nil, nil⏎}; begin, end"}
	if _, err := m.apply("."); err != nil {
		t.Error(err)
	}
}
