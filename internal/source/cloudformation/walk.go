package cloudformation

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
)

// WalkOptions say what to read in a tree and how.
type WalkOptions struct {
	Options

	// Exclude are glob patterns (with **) against slash-separated paths below
	// the root. What matches is not read, a folder with everything in it.
	Exclude []string

	Workers int // files parsed at once; 0 is one per processor
}

// skippedFolders hold copies and state, not what a team wrote.
var skippedFolders = []string{".git", "node_modules", ".terraform", ".aws-sam", ".holdfast"}

// Walk finds the templates below roots, which are folders or files, and calls
// visit for each in the order of their paths. JSON and YAML that is no template
// is passed over in a folder; a file that is itself a root is always read, and
// an error if it is no template. An error of one file goes to visit together
// with a Template that has only File set, and the walk goes on; an error that
// visit returns ends it. Symbolic links below a root are not followed.
func Walk(ctx context.Context, roots []string, opt WalkOptions, visit func(Template, error) error) error {
	files, err := findFiles(ctx, roots, opt.Exclude)
	if err != nil {
		return err
	}
	workers := opt.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	// The queue keeps the order: its entries are files in progress, and it is
	// as long as there are workers, so that no more templates are held.
	queue := make(chan chan parsed, workers-1)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(queue)
		return produce(ctx, files, opt.Options, queue, workers)
	})
	group.Go(func() error {
		for slot := range queue {
			p := <-slot
			if p.pass {
				continue
			}
			if err := visit(p.template, p.err); err != nil {
				return err
			}
		}
		return nil
	})
	return group.Wait()
}

// parsed is the outcome for one file; pass means that it is no template.
type parsed struct {
	template Template
	err      error
	pass     bool
}

// produce starts a parser for each file as soon as the queue has room.
func produce(ctx context.Context, files []file, opt Options, queue chan<- chan parsed, workers int) error {
	limit := make(chan struct{}, workers)
	var parsers errgroup.Group
	defer parsers.Wait() // parsers return no error
	for _, f := range files {
		slot := make(chan parsed, 1)
		select {
		case queue <- slot:
		case <-ctx.Done():
			return ctx.Err()
		}
		limit <- struct{}{}
		parsers.Go(func() error {
			slot <- f.parse(opt)
			<-limit
			return nil
		})
	}
	return nil
}

// file is a candidate. A named file was a root.
type file struct {
	name  string // as the user would write it, with slashes
	named bool
}

func (f file) parse(opt Options) parsed {
	fail := func(err error) parsed { return parsed{template: Template{File: f.name}, err: err} }
	data, whole, err := readFile(f.name, opt.maxBytes())
	if err != nil {
		return fail(err)
	}
	if !f.named && !IsTemplate(data) {
		if err := brokenTemplate(f.name, data, opt); err != nil {
			return fail(err)
		}
		return parsed{pass: true}
	}
	if !whole {
		return fail(failAt(f.name, 0, 0, "the file is larger than the %d bytes that are read of a template; split it into nested stacks or raise the limit", opt.maxBytes()))
	}
	t, err := Parse(f.name, data, opt)
	if err != nil {
		return fail(err)
	}
	return parsed{template: t}
}

// brokenTemplate is the error of a file that has Resources at its top and cannot
// be read: passing it over would say that all is well. One that can be read and
// is no template is somebody else's.
func brokenTemplate(name string, data []byte, opt Options) error {
	if !resourcesLine.Match(data) {
		return nil
	}
	if _, err := Parse(name, data, opt); err != nil && !errors.Is(err, ErrNotTemplate) {
		return err
	}
	return nil
}

// sniffBytes are read of a file that is too large, to tell whether it matters.
const sniffBytes = 1 << 20

// readFile reads a file, or only its beginning where it is larger than most.
func readFile(name string, most int) (data []byte, whole bool, err error) {
	f, err := os.Open(filepath.FromSlash(name))
	if err != nil {
		return nil, false, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, false, err
	}
	if !info.Mode().IsRegular() {
		return nil, false, failAt(name, 0, 0, "this is not a regular file")
	}
	whole = info.Size() <= int64(most)
	size := info.Size()
	if !whole {
		size = min(sniffBytes, int64(most))
	}
	data = make([]byte, size)
	n, err := io.ReadFull(f, data)
	if err != nil && err != io.ErrUnexpectedEOF && err != io.EOF {
		return nil, false, fmt.Errorf("reading %s: %w", name, err)
	}
	return data[:n], whole, nil
}

func findFiles(ctx context.Context, roots, exclude []string) ([]file, error) {
	globs, err := parseGlobs(exclude)
	if err != nil {
		return nil, err
	}
	var out []file
	for _, root := range roots {
		name := filepath.ToSlash(filepath.Clean(root))
		info, err := os.Stat(root)
		if err != nil {
			return nil, fmt.Errorf("cannot read %s: %w", name, err)
		}
		if !info.IsDir() {
			out = append(out, file{name: name, named: true})
			continue
		}
		found, err := filesBelow(ctx, name, globs)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	// A file that is a root and also lies below one counts as named.
	slices.SortStableFunc(out, func(a, b file) int {
		if c := strings.Compare(a.name, b.name); c != 0 || a.named == b.named {
			return c
		}
		if a.named {
			return -1
		}
		return 1
	})
	return slices.CompactFunc(out, func(a, b file) bool { return a.name == b.name }), nil
}

func filesBelow(ctx context.Context, root string, exclude []glob) (out []file, err error) {
	err = fs.WalkDir(os.DirFS(filepath.FromSlash(root)), ".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return fmt.Errorf("cannot read below %s: %w", root, err)
		case p == ".":
			return nil
		}
		excluded := slices.ContainsFunc(exclude, func(g glob) bool { return g.match(p) || g.match(path.Join(root, p)) })
		if d.IsDir() {
			if excluded || slices.Contains(skippedFolders, d.Name()) {
				return fs.SkipDir
			}
			return nil
		}
		if !excluded && d.Type().IsRegular() && mayBeTemplate(p) {
			out = append(out, file{name: path.Join(root, p)})
		}
		return nil
	})
	return out, err
}

func mayBeTemplate(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".yaml", ".yml", ".json", ".template":
		return true
	}
	return false
}
