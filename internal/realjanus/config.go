package realjanus

import (
	"bytes"
	"crypto/rand"
	"embed"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/template"
	"time"
)

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
	httpFile       = "janus.transport.http.jcfg"
	logFile        = "janus.log"

	recordingsFolder = "recordings"
)

// defaultPlugins load in some 10 ms each and neither bind a port nor write a
// file before they are asked to.
var defaultPlugins = []string{"audiobridge", "echotest", "streaming", "textroom", "videocall", "videoroom"}

// pluginConfig is the configuration of plugins that would otherwise use other
// addresses than host, or folders of the machine. Relative paths start at the
// server's folder, in which Janus runs.
var pluginConfig = map[string]string{
	"audiobridge": `general: { local_ip = "` + host + `" }`,
	"nosip":       `general: { local_ip = "` + host + `" }`,
	"recordplay":  `general: { path = "` + recordingsFolder + `" }`,
	"sip":         `general: { local_ip = "` + host + `" }`,
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
	if err := s.fill(mainFile, settings); err != nil {
		return err
	}
	if err := s.fill(websocketsFile, ports); err != nil {
		return err
	}
	if s.opts.HTTP {
		s.HTTPURL = fmt.Sprintf("http://%s:%d/janus", host, ports.HTTP)
		s.AdminHTTPURL = fmt.Sprintf("http://%s:%d/admin", host, ports.AdminHTTP)
		if err := s.fill(httpFile, ports); err != nil {
			return err
		}
	}
	return s.configureModules()
}

// configureModules writes the configuration of plugins, event handlers and
// loggers.
func (s *Server) configureModules() error {
	plugins := maps.Clone(pluginConfig)
	maps.Copy(plugins, s.opts.PluginConfig)
	for name, text := range plugins {
		if err := s.write("janus.plugin."+name+".jcfg", text); err != nil {
			return err
		}
	}
	for name, text := range s.opts.EventHandlers {
		if err := s.write("janus.eventhandler."+name+".jcfg", text); err != nil {
			return err
		}
	}
	for name, text := range s.opts.Loggers {
		if err := s.write("janus.logger."+name+".jcfg", text); err != nil {
			return err
		}
	}
	return nil
}

// fill writes a configuration file from its template.
func (s *Server) fill(name string, data any) error {
	var text bytes.Buffer
	if err := templates.ExecuteTemplate(&text, name+".tmpl", data); err != nil {
		return err
	}
	return s.write(name, text.String())
}

// write writes a file in the server's folder.
func (s *Server) write(name, text string) error {
	return os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600)
}

// settings is what the template of janus.jcfg is filled with.
type settings struct {
	Options
	Install            install
	Dir                string
	AdminSecret        string
	DisabledPlugins    string
	DisabledTransports string
	DisabledEvents     string
	DisabledLoggers    string
}

// transports returns the short names of the transports to load.
func (o Options) transports() []string {
	if o.HTTP {
		return []string{"websockets", "http"}
	}
	return []string{"websockets"}
}

func (s *Server) settings() (filled settings, err error) {
	filled = settings{Options: s.opts, Install: s.install, Dir: s.dir, AdminSecret: s.AdminSecret}
	plugins := s.opts.Plugins
	if len(plugins) == 0 {
		plugins = defaultPlugins
	}
	handlers := slices.Collect(maps.Keys(s.opts.EventHandlers))
	for _, kind := range []struct {
		disabled *string
		folder   string
		wanted   []string
	}{
		{&filled.DisabledPlugins, s.install.Plugins, plugins},
		{&filled.DisabledTransports, s.install.Transports, s.opts.transports()},
		{&filled.DisabledEvents, s.install.Events, handlers},
		{&filled.DisabledLoggers, s.install.Loggers, slices.Collect(maps.Keys(s.opts.Loggers))},
	} {
		if *kind.disabled, err = librariesExcept(kind.folder, kind.wanted); err != nil {
			return settings{}, err
		}
	}
	return filled, nil
}

// librariesExcept lists the files of the libraries in folder except the wanted
// ones, which must be there, separated by commas.
func librariesExcept(folder string, wanted []string) (string, error) {
	for _, name := range wanted {
		if _, err := os.Stat(filepath.Join(folder, library(name))); err != nil {
			return "", fmt.Errorf("find module %s: %w", name, err)
		}
	}
	paths, err := filepath.Glob(filepath.Join(folder, library("*")))
	if err != nil {
		return "", err
	}
	var files []string
	for _, path := range paths {
		file := filepath.Base(path)
		if !slices.ContainsFunc(wanted, func(name string) bool { return library(name) == file }) {
			files = append(files, file)
		}
	}
	return strings.Join(files, ","), nil
}

// library is the file of a module.
func library(name string) string { return "libjanus_" + name + ".so" }

// wholeSeconds rounds up, since Janus counts in seconds.
func wholeSeconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }
