//go:build unix

package main

import (
	"bytes"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// What every entry of the list makes of the source compiles.
func TestListCompiles(t *testing.T) {
	list, err := readList("mutants.txt")
	if err != nil {
		t.Fatal(err)
	}
	imports := exports(t)
	sources := map[string][]string{} // of each folder
	for _, m := range list {
		dir := filepath.Join("../..", filepath.Dir(m.file))
		if sources[dir] == nil {
			sources[dir] = sourcesOf(t, dir)
		}
		fset := token.NewFileSet()
		var files []*ast.File
		for _, name := range sources[dir] {
			var text any
			if filepath.Base(name) == filepath.Base(m.file) {
				if text, err = m.apply("../.."); err != nil {
					t.Fatal(err)
				}
			}
			file, err := parser.ParseFile(fset, name, text, parser.SkipObjectResolution)
			if err != nil {
				t.Errorf("%s: %v", m, err)
				continue
			}
			files = append(files, file)
		}
		config := types.Config{Importer: imports}
		if _, err := config.Check(dir, fset, files, nil); err != nil {
			t.Errorf("%s: %v", m, err)
		}
	}
}

// exports returns an importer of all that the module depends on.
func exports(t *testing.T) types.Importer {
	t.Helper()
	list := exec.Command("go", "list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}", "../..")
	list.Stderr = os.Stderr
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for line := range strings.Lines(string(out)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), " ")
		files[path] = file
	}
	return importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) {
		data, err := os.ReadFile(files[path])
		return io.NopCloser(bytes.NewReader(data)), err
	})
}

// sourcesOf returns the files of the package in a folder.
func sourcesOf(t *testing.T, dir string) []string {
	t.Helper()
	list := exec.Command("go", "list", "-f", `{{join .GoFiles "\n"}}`, ".")
	list.Dir = dir
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, name := range strings.Fields(string(out)) {
		names = append(names, filepath.Join(dir, name))
	}
	return names
}
