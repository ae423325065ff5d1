package plugtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// source is what the source of a typed plugin package declares. Each name has
// the version of Janus that its comment gives, or "".
type source struct {
	methods map[string]string // exported methods of Client
	events  map[string]string // exported structs that embed a Meta
	codes   []Code            // constants of the type ErrorCode, in the order of the source
}

// readSource parses the package in the current directory.
func readSource(t testing.TB) *source {
	t.Helper()
	s := &source{methods: map[string]string{}, events: map[string]string{}}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			s.add(decl)
		}
	}
	return s
}

func (s *source) add(decl ast.Decl) {
	switch decl := decl.(type) {
	case *ast.FuncDecl:
		if decl.Recv != nil && decl.Name.IsExported() && isClient(decl.Recv.List[0].Type) {
			s.methods[decl.Name.Name] = sinceIn(decl.Doc)
		}
	case *ast.GenDecl:
		for _, spec := range decl.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				if spec.Name.IsExported() && spec.Name.Name != "Meta" && embedsMeta(spec.Type) {
					s.events[spec.Name.Name] = sinceIn(decl.Doc, spec.Doc)
				}
			case *ast.ValueSpec:
				s.addCode(spec)
			}
		}
	}
}

func (s *source) addCode(spec *ast.ValueSpec) {
	if name, ok := spec.Type.(*ast.Ident); !ok || name.Name != "ErrorCode" || len(spec.Values) != 1 {
		return
	}
	if value, ok := spec.Values[0].(*ast.BasicLit); ok {
		code, _ := strconv.Atoi(value.Value) // 0 is no code
		s.codes = append(s.codes, Code{code, spec.Names[0].Name, sinceIn(spec.Doc, spec.Comment)})
	}
}

func isClient(receiver ast.Expr) bool {
	pointer, ok := receiver.(*ast.StarExpr)
	if !ok {
		return false
	}
	name, ok := pointer.X.(*ast.Ident)
	return ok && name.Name == "Client"
}

// embedsMeta reports whether a type is a struct that embeds plugin.Meta, or a
// Meta of the package that does.
func embedsMeta(t ast.Expr) bool {
	fields, ok := t.(*ast.StructType)
	if !ok {
		return false
	}
	for _, field := range fields.Fields.List {
		if len(field.Names) > 0 {
			continue
		}
		switch embedded := field.Type.(type) {
		case *ast.SelectorExpr:
			if embedded.Sel.Name == "Meta" && field.Tag != nil {
				return true
			}
		case *ast.Ident:
			if embedded.Name == "Meta" {
				return true
			}
		}
	}
	return false
}

var sinceVersion = regexp.MustCompile(`[Ss]ince (\d+\.\d+\.\d+)`)

// sinceIn returns the version of Janus that a comment says something exists
// since.
func sinceIn(comments ...*ast.CommentGroup) string {
	for _, comment := range comments {
		text := strings.Join(strings.Fields(comment.Text()), " ")
		if found := sinceVersion.FindStringSubmatch(text); found != nil {
			return found[1]
		}
	}
	return ""
}
