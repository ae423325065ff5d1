package realjanus

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
)

// ErrNotInstalled reports that there is no Janus on this machine.
var ErrNotInstalled = errors.New("no janus in PATH: install it with apt-get install janus")

// binaryEnv is the variable that names the Janus program to run instead of the
// one in PATH.
const binaryEnv = "JANUS_BINARY"

// install is an installed Janus.
type install struct {
	Name       string   // what errors call it
	Program    string   // path of the executable, symbolic links resolved
	Launcher   []string // command that starts Program, or nil to start it directly
	Plugins    string
	Transports string
	Events     string
	Loggers    string
}

// command returns the command that starts Janus with args.
func (i install) command(args ...string) *exec.Cmd {
	line := slices.Concat(i.Launcher, []string{i.Program}, args)
	return exec.Command(line[0], line[1:]...)
}

// findInstall finds the Janus that JANUS_BINARY names, or else the one in PATH.
func findInstall() (install, error) {
	binary := os.Getenv(binaryEnv)
	if binary == "" {
		program, err := exec.LookPath("janus")
		if err != nil {
			return install{}, ErrNotInstalled
		}
		return installOf("Janus", program)
	}
	name := binaryEnv + "=" + binary
	// Tests run in the folder of their package, not in the user's.
	if !filepath.IsAbs(binary) {
		return install{}, fmt.Errorf("%s: not an absolute path", name)
	}
	if _, err := exec.LookPath(binary); err != nil {
		return install{}, fmt.Errorf("%s: %w", name, errors.Unwrap(err))
	}
	return installOf(name, binary)
}

// installOf returns the installation that a program belongs to.
func installOf(name, program string) (install, error) {
	program, err := filepath.EvalSymlinks(program)
	if err != nil {
		return install{}, fmt.Errorf("find %s: %w", name, err)
	}
	prefix := filepath.Dir(filepath.Dir(program))
	found, err := findModules(prefix)
	if err != nil {
		return install{}, fmt.Errorf("find the modules of %s: %w", name, err)
	}
	found.Name, found.Program = name, program
	if found.Launcher, err = findLauncher(prefix); err != nil {
		return install{}, fmt.Errorf("find the loader of %s: %w", name, err)
	}
	return found, nil
}

// findModules finds the folders of the modules of the Janus that is installed
// under prefix: where the prefix usually has them, or where its own
// configuration says.
func findModules(prefix string) (install, error) {
	for _, pattern := range []string{"lib*/janus", "lib/*/janus"} {
		folders, err := filepath.Glob(filepath.Join(prefix, pattern))
		if err != nil {
			return install{}, err
		}
		for _, folder := range folders {
			found := install{
				Plugins:    filepath.Join(folder, "plugins"),
				Transports: filepath.Join(folder, "transports"),
				Events:     filepath.Join(folder, "events"),
				Loggers:    filepath.Join(folder, "loggers"),
			}
			if isFolder(found.Plugins) && isFolder(found.Transports) {
				return found, nil
			}
		}
	}
	return configuredModules(prefix)
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// folderSetting matches a folder in Janus's own configuration file.
var folderSetting = regexp.MustCompile(`(?m)^\s*(plugins|transports|events|loggers)_folder\s*=\s*"([^"]+)"`)

// configuredModules reads the folders from the configuration under prefix. It
// never reads that of another installation: only a program under /usr has its
// configuration in /etc.
func configuredModules(prefix string) (install, error) {
	etc := filepath.Join(prefix, "etc")
	if prefix == "/usr" {
		etc = "/etc"
	}
	file := filepath.Join(etc, "janus", mainFile)
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return install{}, fmt.Errorf("there are none in %s, and there is no %s", filepath.Join(prefix, "lib"), file)
	}
	if err != nil {
		return install{}, err
	}
	folders := map[string]string{}
	for _, match := range folderSetting.FindAllStringSubmatch(string(text), -1) {
		folders[match[1]] = match[2]
	}
	if folders["plugins"] == "" || folders["transports"] == "" {
		return install{}, fmt.Errorf("%s does not name their folders", file)
	}
	return install{
		Plugins:    folders["plugins"],
		Transports: folders["transports"],
		Events:     folders["events"],
		Loggers:    folders["loggers"],
	}, nil
}

// findLauncher returns the command that starts a program of an unpacked system
// with that system's own libraries, or nil if prefix is not the usr folder of
// one.
func findLauncher(prefix string) ([]string, error) {
	if filepath.Base(prefix) != "usr" || prefix == "/usr" {
		return nil, nil
	}
	// The loader lies among the libraries. The usual link to it in lib64 may
	// lead out of the unpacked system.
	loaders, err := filepath.Glob(filepath.Join(prefix, "lib", "*", "ld-linux-*.so.*"))
	if err != nil || len(loaders) == 0 {
		return nil, err
	}
	return []string{loaders[0], "--library-path", filepath.Dir(loaders[0])}, nil
}
