package realjanus

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestInstallationOfAProgram(t *testing.T) {
	const loader = "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"
	tests := map[string]struct {
		files    map[string]string // in a folder that is called ROOT in contents
		program  string
		modules  string
		launcher []string
	}{
		"built from source": {
			files:   map[string]string{"lib/janus/plugins/": "", "lib/janus/transports/": ""},
			program: "bin/janus",
			modules: "lib/janus",
		},
		"64-bit library folder": {
			files:   map[string]string{"lib64/janus/plugins/": "", "lib64/janus/transports/": ""},
			program: "bin/janus",
			modules: "lib64/janus",
		},
		"library folder of the architecture": {
			files:   map[string]string{"lib/x86_64-linux-gnu/janus/plugins/": "", "lib/x86_64-linux-gnu/janus/transports/": ""},
			program: "bin/janus",
			modules: "lib/x86_64-linux-gnu/janus",
		},
		"folders in its own configuration": {
			files: map[string]string{"etc/janus/janus.jcfg": "general: {\n" +
				"\tplugins_folder = \"ROOT/modules/plugins\"\n\ttransports_folder = \"ROOT/modules/transports\"\n" +
				"\tevents_folder = \"ROOT/modules/events\"\n\tloggers_folder = \"ROOT/modules/loggers\"\n}\n"},
			program: "bin/janus",
			modules: "modules",
		},
		"configuration of another installation": {
			files: map[string]string{
				"lib/janus/plugins/": "", "lib/janus/transports/": "",
				"etc/janus/janus.jcfg": "plugins_folder = \"/another/plugins\"\ntransports_folder = \"/another/transports\"\n",
			},
			program: "bin/janus",
			modules: "lib/janus",
		},
		"unpacked system": {
			files: map[string]string{
				"usr/lib/x86_64-linux-gnu/janus/plugins/": "", "usr/lib/x86_64-linux-gnu/janus/transports/": "",
				loader: "",
			},
			program:  "usr/bin/janus",
			modules:  "usr/lib/x86_64-linux-gnu/janus",
			launcher: []string{loader, "--library-path", filepath.Dir(loader)},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			root := makeTree(t, test.files)
			program := makeProgram(t, filepath.Join(root, test.program))
			link := filepath.Join(t.TempDir(), "janus-of-mine")
			if err := os.Symlink(program, link); err != nil {
				t.Fatal(err)
			}
			for _, named := range []string{program, link} {
				t.Setenv(binaryEnv, named)
				found, err := findInstall()
				if err != nil {
					t.Fatal(err)
				}
				modules := filepath.Join(root, test.modules)
				if found.Program != program || filepath.Dir(found.Plugins) != modules || filepath.Dir(found.Loggers) != modules {
					t.Errorf("%s is %+v, want the program %s and modules in %s", named, found, program, modules)
				}
				launcher := strings.ReplaceAll(strings.Join(found.Launcher, " "), root+"/", "")
				if !slices.Equal(strings.Fields(launcher), test.launcher) {
					t.Errorf("%s is started by %v, want %v", named, found.Launcher, test.launcher)
				}
			}
		})
	}
}

// A JANUS_BINARY that is wrong is a mistake of its user, which must not look
// like a missing Janus.
func TestWrongBinaryFailsTheTest(t *testing.T) {
	root := makeTree(t, map[string]string{
		"not-executable": "", "folder/": "",
		"lib/janus/plugins/": "", "lib/janus/transports/": "",
	})
	// The programs under root have modules, though they are no Janus.
	program := makeProgram(t, filepath.Join(root, "bin/janus"))
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	relative, err := filepath.Rel(here, program)
	if err != nil {
		t.Fatal(err)
	}
	for _, plugin := range defaultPlugins {
		makeProgram(t, filepath.Join(root, "lib/janus/plugins", library(plugin)))
	}
	makeProgram(t, filepath.Join(root, "lib/janus/transports", library("websockets")))
	for name, binary := range map[string]string{
		"missing":         filepath.Join(root, "missing"),
		"a folder":        filepath.Join(root, "folder"),
		"not executable":  filepath.Join(root, "not-executable"),
		"relative":        relative,
		"without modules": makeProgram(t, filepath.Join(root, "alone/bin/janus")),
		"not Janus":       program,
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(binaryEnv, binary)
			outcome := outcomeOf(t, func(t testing.TB) { Start(t, Options{}) })
			if outcome.how != "fatal" || !strings.Contains(outcome.line, binaryEnv+"="+binary) {
				t.Errorf("the test ended with %+v, want a failure that names %s=%s", outcome, binaryEnv, binary)
			}
			if absolute := strings.Contains(outcome.line, "absolute"); absolute != (name == "relative") {
				t.Errorf("the test ended with %+v", outcome)
			}
		})
	}
}

// makeTree makes a folder with files, and with folders where the name ends in a
// slash, and returns its path.
func makeTree(t *testing.T, files map[string]string) string {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		path := filepath.Join(root, name)
		folder := filepath.Dir(path)
		if strings.HasSuffix(name, "/") {
			folder = path
		}
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		if folder == path {
			continue
		}
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(text, "ROOT", root)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// makeProgram makes an executable file.
func makeProgram(t *testing.T, path string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("#!/bin/false\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}
