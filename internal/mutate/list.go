//go:build unix

package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// mutant is a change to one place of a file.
type mutant struct {
	file     string // slash-separated, in the module
	function string // what the text is searched in; empty: the whole file
	old, new string
	reason   string // why no test can notice; empty: one must
}

// String returns the entry of the list.
func (m mutant) String() string {
	text := fmt.Sprintf("%s %s | %s | %s", m.file, m.function, m.old, m.new)
	if m.reason != "" {
		text += " | " + m.reason
	}
	return text
}

// readList reads a list of mutants.
func readList(name string) ([]mutant, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var list []mutant
	seen := map[string]int{}
	for i, line := range strings.Split(string(data), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		m, err := parseMutant(line)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, i+1, err)
		}
		key := strings.Join([]string{m.file, m.function, m.old, m.new}, "\t")
		if before := seen[key]; before != 0 {
			return nil, fmt.Errorf("%s:%d: the same as line %d", name, i+1, before)
		}
		seen[key] = i + 1
		list = append(list, m)
	}
	return list, nil
}

// parseMutant parses a line of the list, whose columns are separated by tabs:
// the file and, after a space, the function; the text, in which ⏎ stands for a
// line break and the indentation behind it; what replaces it; and possibly the
// reason why no test can notice.
func parseMutant(line string) (mutant, error) {
	columns := strings.Split(line, "\t")
	if len(columns) < 3 || len(columns) > 4 {
		return mutant{}, fmt.Errorf("%d columns, want 3 or 4", len(columns))
	}
	m := mutant{old: columns[1], new: columns[2]}
	m.file, m.function, _ = strings.Cut(columns[0], " ")
	if len(columns) == 4 {
		m.reason = columns[3]
		if m.reason == "" {
			return m, errors.New("the reason is empty")
		}
	}
	if m.old == "" || m.old == m.new {
		return m, errors.New("nothing is changed")
	}
	return m, nil
}

// apply returns the file with the change. The text must be found exactly once.
func (m mutant) apply(root string) ([]byte, error) {
	name := filepath.Join(root, filepath.FromSlash(m.file))
	source, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	begin, end := 0, len(source)
	if m.function != "" {
		if begin, end, err = find(name, source, m.function); err != nil {
			return nil, err
		}
	}
	lines := strings.Split(regexp.QuoteMeta(m.old), "⏎")
	found := regexp.MustCompile(strings.Join(lines, `\n\s*`)).FindAllIndex(source[begin:end], -1)
	if len(found) != 1 {
		return nil, fmt.Errorf("the text is found %d times: %s", len(found), m)
	}
	begin, end = begin+found[0][0], begin+found[0][1]
	return slices.Concat(source[:begin], []byte(strings.ReplaceAll(m.new, "⏎", "\n")), source[end:]), nil
}

// find returns where a function is, by its name, or by that of its receiver's
// type, a dot and its name.
func find(name string, source []byte, function string) (begin, end int, err error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, source, parser.SkipObjectResolution)
	if err != nil {
		return 0, 0, err
	}
	found := 0
	for _, decl := range file.Decls {
		f, ok := decl.(*ast.FuncDecl)
		if ok && (f.Name.Name == function || receiver(f)+"."+f.Name.Name == function) {
			begin, end = fset.Position(f.Pos()).Offset, fset.Position(f.End()).Offset
			found++
		}
	}
	if found != 1 {
		return 0, 0, fmt.Errorf("%s has %d functions %s", name, found, function)
	}
	return begin, end, nil
}

// receiver returns the name of the type that a method belongs to, or "".
func receiver(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}
	expr := f.Recv.List[0].Type
	for {
		switch e := expr.(type) {
		case *ast.StarExpr:
			expr = e.X
		case *ast.IndexExpr:
			expr = e.X
		case *ast.Ident:
			return e.Name
		default:
			return ""
		}
	}
}
