package aws

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sync"

	"github.com/aws/smithy-go"

	"holdfast.dev/holdfast/internal/evidence"
)

// maxSaved bounds one file of saved responses. The largest real one is the
// authorization details of an account with thousands of roles.
const maxSaved = 1 << 30

// savedFile is one file of saved responses.
type savedFile struct{ calls []savedCall }

// answer is the call that was asked with this input: the one with exactly it,
// else the first whose stated fields all agree with it.
func (f savedFile) answer(input map[string]any) (savedCall, bool) {
	input = reduce(input)
	want := canonical(input)
	for _, c := range f.calls {
		if canonical(c.input) == want {
			return c, true
		}
	}
	for _, c := range f.calls {
		if agrees(c.input, input) {
			return c, true
		}
	}
	return savedCall{}, false
}

func agrees(stated, input map[string]any) bool {
	for k, v := range stated {
		if canonical(map[string]any{k: v}) != canonical(map[string]any{k: input[k]}) {
			return false
		}
	}
	return true
}

// readSaved reads a file from disk.
func readSaved(path string) (savedFile, error) {
	return readSavedFS(os.DirFS(filepath.Dir(path)), filepath.Base(path))
}

func readSavedFS(dir fs.FS, name string) (savedFile, error) {
	f, err := dir.Open(name)
	if err != nil {
		return savedFile{}, err
	}
	defer func() { _ = f.Close() }() // only read
	b, err := io.ReadAll(io.LimitReader(f, maxSaved+1))
	if err != nil {
		return savedFile{}, &SavedError{name, err}
	}
	if len(b) > maxSaved {
		return savedFile{}, &SavedError{name, fmt.Errorf("is larger than %d bytes", maxSaved)}
	}
	file, err := parseSaved(b)
	if err != nil {
		return savedFile{}, &SavedError{name, err}
	}
	return file, nil
}

// parseSaved reads the three forms: an output as the AWS CLI prints it, an
// error, and a list of calls.
func parseSaved(b []byte) (savedFile, error) {
	var decoder evidence.Decoder
	doc, err := decoder.DecodeObject(b)
	if err != nil {
		return savedFile{}, err
	}
	if list, ok := doc["calls"].([]any); ok && len(doc) == 1 {
		var file savedFile
		for i, e := range list {
			entry, ok := e.(map[string]any)
			if !ok {
				return savedFile{}, fmt.Errorf("calls[%d]: expected an object with input and output or error", i)
			}
			c, err := parseCall(entry)
			if err != nil {
				return savedFile{}, fmt.Errorf("calls[%d]: %w", i, err)
			}
			file.calls = append(file.calls, c)
		}
		return file, nil
	}
	if e, ok := doc["error"].(map[string]any); ok && len(doc) == 1 {
		return savedFile{[]savedCall{{err: savedAPIError(e)}}}, nil
	}
	return savedFile{[]savedCall{{output: doc}}}, nil
}

func parseCall(entry map[string]any) (savedCall, error) {
	var c savedCall
	switch input := entry["input"].(type) {
	case nil:
	case map[string]any:
		c.input = reduce(input)
	default:
		return c, errors.New("input has to be an object")
	}
	if e, ok := entry["error"].(map[string]any); ok {
		c.err = savedAPIError(e)
		return c, nil
	}
	if c.output = entry["output"]; c.output == nil {
		return c, errors.New("there is neither an output nor an error")
	}
	return c, nil
}

func savedAPIError(e map[string]any) error {
	code, _ := e["code"].(string)
	message, _ := e["message"].(string)
	return &smithy.GenericAPIError{Code: code, Message: message}
}

// savedDir answers calls from a directory account/region/service/Operation.json.
type savedDir struct {
	fs fs.FS

	mu    sync.Mutex
	files map[string]func() (savedFile, error)
}

// FromFS answers calls from saved responses in a file system.
func FromFS(dir fs.FS) Answer {
	return (&savedDir{fs: dir, files: map[string]func() (savedFile, error){}}).answer
}

func (d *savedDir) answer(_ context.Context, r *Request) (any, error) {
	name, file, err := d.open(r)
	if err != nil {
		return nil, err
	}
	input, _ := Shape(r.Input, nil).(map[string]any)
	c, ok := file.answer(input)
	if !ok {
		return nil, &NotSavedError{name, canonical(reduce(input))}
	}
	return c.output, c.err
}

// open finds the operation's file under the service's name in the SDK, on the
// CLI or in IAM.
func (d *savedDir) open(r *Request) (string, savedFile, error) {
	names := []string{r.Service, cliName(r.Service)}
	if prefix := iamPrefix(r.Service); prefix != "s3" && prefix != "elasticloadbalancing" { // two services answer under one prefix
		names = append(names, prefix)
	}
	for _, region := range d.regions(r) {
		for _, service := range names {
			name := path.Join(r.Account, region, service, r.Operation+".json")
			file, err := d.read(name)
			if err == nil || !errors.Is(err, fs.ErrNotExist) {
				return name, file, err
			}
		}
	}
	name := path.Join(r.Account, r.Region, r.Service, r.Operation+".json")
	return name, savedFile{}, &NotSavedError{Path: name}
}

// regions are the folders in which an answer may lie. Those who save with the
// AWS CLI put global services into the Region they had set, most often
// us-east-1; so where there is no global folder's file, any Region's will do.
func (d *savedDir) regions(r *Request) []string {
	if r.Region != evidence.Global {
		return []string{r.Region}
	}
	names := []string{evidence.Global, "us-east-1"}
	entries, err := fs.ReadDir(d.fs, r.Account)
	if err != nil {
		return names
	}
	for _, e := range entries {
		if e.IsDir() && !slices.Contains(names, e.Name()) {
			names = append(names, e.Name())
		}
	}
	return names
}

// read reads a file once, and never makes others wait for it.
func (d *savedDir) read(name string) (savedFile, error) {
	d.mu.Lock()
	load := d.files[name]
	if load == nil {
		// A file is asked many times by one unit and then never again: the last
		// few are enough.
		if len(d.files) > 64 {
			clear(d.files)
		}
		load = sync.OnceValues(func() (savedFile, error) { return readSavedFS(d.fs, name) })
		d.files[name] = load
	}
	d.mu.Unlock()
	return load()
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
