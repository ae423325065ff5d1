package realjanus

import (
	"bytes"
	"crypto/rand"
	"embed"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/template"
	"time"
)

// ErrNotInstalled says that there is no Janus here.
var ErrNotInstalled = errors.New("no janus in PATH: install it with apt-get install janus")

//go:embed *.tmpl
var templateFiles embed.FS

var templates = template.Must(template.New("").
	Funcs(template.FuncMap{"seconds": wholeSeconds}).
	ParseFS(templateFiles, "*.tmpl"))

// host is the only address that a server answers on.
const host = "127.0.0.1"

// The files in a server's folder.
const (
	mainFile       = "janus.jcfg"
	websocketsFile = "janus.transport.websockets.jcfg"
	logFile        = "janus.log"
)

// defaultPlugins load in some 10 ms each and neither bind a port nor write a
// file before they are asked to.
var defaultPlugins = []string{"audiobridge", "echotest", "streaming", "textroom", "videocall", "videoroom"}

// install is where the installed Janus has its parts.
type install struct {
	Program    string
	Plugins    string
	Transports string
	Events     string
	Loggers    string
}

// folderSetting is a folder in Janus's own configuration file.
var folderSetting = regexp.MustCompile(`(?m)^\s*(plugins|transports|events|loggers)_folder\s*=\s*"([^"]+)"`)

// findInstall finds Janus in PATH, and in the configuration that came with it
// the folders of its parts, which differ from machine to machine.
func findInstall() (install, error) {
	program, err := exec.LookPath("janus")
	if err != nil {
		return install{}, ErrNotInstalled
	}
	text, err := readInstalledConfig(program)
	if err != nil {
		return install{}, fmt.Errorf("find Janus's folders: %w", err)
	}
	folders := map[string]string{}
	for _, match := range folderSetting.FindAllStringSubmatch(text, -1) {
		folders[match[1]] = match[2]
	}
	found := install{
		Program:    program,
		Plugins:    folders["plugins"],
		Transports: folders["transports"],
		Events:     folders["events"],
		Loggers:    folders["loggers"],
	}
	if found.Plugins == "" || found.Transports == "" {
		return install{}, errors.New("find Janus's folders: its janus.jcfg does not name them")
	}
	return found, nil
}

// readInstalledConfig reads the configuration under the prefix that the
// program is installed in, or else the one of Debian's package.
func readInstalledConfig(program string) (string, error) {
	prefix := filepath.Dir(filepath.Dir(program))
	text, err := os.ReadFile(filepath.Join(prefix, "etc", "janus", mainFile))
	if errors.Is(err, os.ErrNotExist) {
		text, err = os.ReadFile(filepath.Join("/etc/janus", mainFile))
	}
	return string(text), err
}

// configure writes the server's configuration and sets its addresses.
func (s *Server) configure(ports ports) error {
	s.URL = fmt.Sprintf("ws://%s:%d/", host, ports.API)
	s.AdminURL = fmt.Sprintf("ws://%s:%d/", host, ports.Admin)
	s.AdminSecret = rand.Text()
	settings, err := s.settings()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	if err := s.write(mainFile, settings); err != nil {
		return err
	}
	return s.write(websocketsFile, ports)
}

// write fills the template of a configuration file.
func (s *Server) write(name string, data any) error {
	var text bytes.Buffer
	if err := templates.ExecuteTemplate(&text, name+".tmpl", data); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(s.dir, name), text.Bytes(), 0o600)
}

// settings is what the template of janus.jcfg is filled with.
type settings struct {
	Options
	Install            install
	Dir                string
	AdminSecret        string
	DisabledPlugins    string
	DisabledTransports string
	DisabledLoggers    string
}

func (s *Server) settings() (settings, error) {
	plugins, err := disabledPlugins(s.install.Plugins, s.opts.Plugins)
	if err != nil {
		return settings{}, err
	}
	transports, err := librariesExcept(s.install.Transports, "websockets")
	if err != nil {
		return settings{}, err
	}
	loggers, err := librariesExcept(s.install.Loggers)
	if err != nil {
		return settings{}, err
	}
	return settings{
		Options:            s.opts,
		Install:            s.install,
		Dir:                s.dir,
		AdminSecret:        s.AdminSecret,
		DisabledPlugins:    plugins,
		DisabledTransports: transports,
		DisabledLoggers:    loggers,
	}, nil
}

// disabledPlugins lists the installed plugins that are not wanted, separated
// by commas. No wanted ones are the default ones.
func disabledPlugins(folder string, wanted []string) (string, error) {
	if len(wanted) == 0 {
		wanted = defaultPlugins
	}
	for _, name := range wanted {
		if _, err := os.Stat(filepath.Join(folder, library(name))); err != nil {
			return "", fmt.Errorf("find plugin %s: %w", name, err)
		}
	}
	return librariesExcept(folder, wanted...)
}

// librariesExcept lists the files of the libraries in folder but for the named
// ones, separated by commas.
func librariesExcept(folder string, names ...string) (string, error) {
	paths, err := filepath.Glob(filepath.Join(folder, library("*")))
	if err != nil {
		return "", err
	}
	var files []string
	for _, path := range paths {
		file := filepath.Base(path)
		if !slices.ContainsFunc(names, func(name string) bool { return library(name) == file }) {
			files = append(files, file)
		}
	}
	return strings.Join(files, ","), nil
}

// library is the file of a plugin or transport.
func library(name string) string { return "libjanus_" + name + ".so" }

// wholeSeconds rounds up, since Janus counts in seconds.
func wholeSeconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }
