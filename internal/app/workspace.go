package app

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"
)

// WorkspaceFile is the file that makes a folder a workspace.
const WorkspaceFile = "holdfast.yaml"

// Workspace is the folder in which an organisation keeps its decisions, under
// version control: settings, controls of its own, exceptions.
type Workspace struct {
	Dir string `yaml:"-"`

	Store      string                    `yaml:"store"`
	Controls   []string                  `yaml:"controls"`
	Exceptions string                    `yaml:"exceptions"`
	Params     map[string]map[string]any `yaml:"params"`
	Collect    CollectSettings           `yaml:"collect"`
	Detect     DetectSettings            `yaml:"detect"`
	Lake       LakeSettings              `yaml:"lake"`
}

// CollectSettings are the defaults of `holdfast collect`.
type CollectSettings struct {
	Profile    string   `yaml:"profile"`
	Org        bool     `yaml:"org"`
	Role       string   `yaml:"role"`
	ExternalID string   `yaml:"external_id"`
	Accounts   []string `yaml:"accounts"`
	Regions    []string `yaml:"regions"`
	Types      []string `yaml:"types"`
}

// OpenWorkspace reads the workspace of a folder. A folder without a file is a
// workspace with the defaults.
func OpenWorkspace(dir string) (Workspace, error) {
	w := Workspace{Dir: dir}
	name := filepath.Join(dir, WorkspaceFile)
	data, err := os.ReadFile(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return w, nil
	case err != nil:
		return w, Usage(err)
	}
	strict := yaml.NewDecoder(bytes.NewReader(data))
	strict.KnownFields(true)
	if err := strict.Decode(&w); err != nil && !errors.Is(err, io.EOF) {
		return w, Usage(fmt.Errorf("%s:%s; `holdfast init` writes an example with every setting", name, yamlText(err)))
	}
	return w, nil
}

var yamlNoise = strings.NewReplacer("yaml: ", "", "unmarshal errors:\n  ", "", "line ", "", "\n  ", "; ", " in type app.Workspace", "", " in type app.CollectSettings", " under collect", " in type app.LakeSettings", " under lake", " in type app.DetectSettings", " under detect",
	" in type app.SwitchSetting", " under detect.off", " in type app.NetworkSetting", " under detect.trusted_networks", " in type app.GeoSetting", " under detect.geo")

// yamlText is the library's message, led by its line number.
func yamlText(err error) string { return yamlNoise.Replace(err.Error()) }

// path resolves a setting against the workspace.
func (w Workspace) path(p string) string {
	if p == "" || filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(w.Dir, p)
}

// StoreDir is where the store is: as told, else by $HOLDFAST_STORE, else where
// the workspace says.
func (a *App) StoreDir(w Workspace, flag string) string {
	switch {
	case flag != "":
		return flag
	case a.Env("HOLDFAST_STORE") != "":
		return a.Env("HOLDFAST_STORE")
	case w.Store != "":
		return w.path(w.Store)
	}
	return filepath.Join(w.Dir, ".holdfast")
}

// ControlFolders are the workspace's folders of controls.
func (w Workspace) ControlFolders() []string {
	var out []string
	for _, c := range w.Controls {
		out = append(out, w.path(c))
	}
	return out
}

// DetectionFolders are the workspace's folders of detections.
func (w Workspace) DetectionFolders() []string {
	var out []string
	for _, d := range w.Detect.Rules {
		out = append(out, w.path(d))
	}
	return out
}

// ExceptionFolder is where the workspace keeps its exceptions.
func (w Workspace) ExceptionFolder() string {
	if w.Exceptions != "" {
		return w.path(w.Exceptions)
	}
	return filepath.Join(w.Dir, "exceptions")
}

//go:embed workspace/holdfast.yaml
var workspaceExample []byte

//go:embed workspace/exceptions.yaml
var exceptionsExample []byte

// Init writes a commented workspace into a folder and returns the files it
// wrote. What is there already is never touched.
func Init(dir string) ([]string, error) {
	files := []struct {
		name    string
		content []byte
	}{
		{WorkspaceFile, workspaceExample},
		{"exceptions/exceptions.yaml", exceptionsExample},
		{".gitignore", []byte("# What was observed is not a decision; it stays out of version control.\n.holdfast/\n")},
	}
	if _, err := os.Stat(filepath.Join(dir, WorkspaceFile)); err == nil {
		return nil, Usage(fmt.Errorf("%s is a workspace already; edit %s there", dir, WorkspaceFile))
	}
	var written []string
	for _, f := range files {
		name := filepath.Join(dir, filepath.FromSlash(f.name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return written, Usage(err)
		}
		out, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return written, Usage(err)
		}
		_, err = out.Write(f.content)
		if err := errors.Join(err, out.Close()); err != nil {
			return written, err
		}
		written = append(written, name)
	}
	return written, nil
}
