package digest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// The parts of a mirror.
const (
	objectsDir  = "objects"
	sidecarFile = "metadata.json"
	keysFile    = "public_keys.json"
)

// Mirror is a copy of log buckets in a folder: objects/<bucket>/<key>, the objects'
// metadata in metadata.json, and the answer of ListPublicKeys in public_keys.json.
type Mirror struct {
	Keys     *Keys // nil where there is no file of them
	root     *os.Root
	metadata Sidecar
}

// OpenMirror opens a mirror. Nothing outside of its folder is ever read, whatever
// digests and links in it name.
func OpenMirror(dir string) (*Mirror, error) {
	info, err := os.Stat(filepath.Join(dir, objectsDir))
	if err != nil || !info.IsDir() {
		return nil, fmt.Errorf("%s is not a mirror of log buckets: it has no folder %q; objects lie in %s", dir, objectsDir, filepath.Join(dir, objectsDir, "BUCKET", "KEY"))
	}
	m := &Mirror{}
	if err := m.side(dir); err != nil {
		return nil, err
	}
	m.root, err = os.OpenRoot(filepath.Join(dir, objectsDir))
	return m, err
}

// side reads the files beside the objects.
func (m *Mirror) side(dir string) error {
	err := withFile(filepath.Join(dir, sidecarFile), func(r io.Reader) (err error) {
		m.metadata, err = ReadSidecar(r)
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	err = withFile(filepath.Join(dir, keysFile), func(r io.Reader) (err error) {
		m.Keys, err = ReadKeys(r)
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func withFile(name string, read func(io.Reader) error) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := read(f); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// Close releases the folder.
func (m *Mirror) Close() error { return m.root.Close() }

// Get implements Objects.
func (m *Mirror) Get(_ context.Context, l Location) (io.ReadCloser, map[string]string, error) {
	name := l.Bucket + "/" + l.Key
	// A bucket of S3 may hold a key such as a/../b; a folder cannot.
	if !fs.ValidPath(name) || strings.Contains(l.Bucket, "/") || l.Bucket == "." {
		return nil, nil, fmt.Errorf("%s: %w", l, fs.ErrNotExist)
	}
	name = filepath.FromSlash(name)
	// Only files are opened: a pipe would be waited for without end.
	info, err := m.root.Stat(name)
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s: %w", l, fs.ErrNotExist)
	}
	if err != nil {
		return nil, nil, err
	}
	f, err := m.root.Open(name)
	if err != nil {
		return nil, nil, err
	}
	return f, m.metadata[l.String()], nil
}

// Each goes through all objects, in a lasting order. A folder that cannot be listed
// ends it: what lies there could be anything.
func (m *Mirror) Each(ctx context.Context, visit func(Location) error) error {
	return fs.WalkDir(m.root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("listing the mirror: %w", err)
		}
		bucket, key, ok := strings.Cut(path.Clean(name), "/")
		if d.IsDir() || !ok {
			return nil
		}
		return visit(Location{bucket, key})
	})
}
