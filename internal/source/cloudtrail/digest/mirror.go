package digest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
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
	root     string
	metadata Sidecar
}

// OpenMirror opens a mirror. No digest makes it read outside of its folder; links
// that somebody put into it are followed, for buckets may lie on other disks.
func OpenMirror(dir string) (*Mirror, error) {
	m := &Mirror{root: filepath.Join(dir, objectsDir)}
	info, err := os.Stat(m.root)
	if err != nil || !info.IsDir() {
		return nil, fmt.Errorf("%s is not a mirror of log buckets: it has no folder %q; objects lie in %s", dir, objectsDir, filepath.Join(m.root, "BUCKET", "KEY"))
	}
	return m, m.side(dir)
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

// Get implements Objects.
func (m *Mirror) Get(_ context.Context, l Location) (io.ReadCloser, map[string]string, error) {
	name := l.Bucket + "/" + l.Key
	// A bucket of S3 may hold a key such as a/../b; a folder cannot.
	if !fs.ValidPath(name) || strings.Contains(l.Bucket, "/") || !filepath.IsLocal(filepath.FromSlash(name)) {
		return nil, nil, fmt.Errorf("%s: %w", l, fs.ErrNotExist)
	}
	// A pipe would be waited for without end.
	f, err := os.OpenFile(filepath.Join(m.root, filepath.FromSlash(name)), os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.ENAMETOOLONG) {
		err = fs.ErrNotExist // no such key can lie there
	}
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s: %w", l, fs.ErrNotExist)
	}
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return f, m.metadata[l.String()], nil
}

// Each goes through all objects, in a lasting order. A folder that cannot be listed
// ends it: what lies there could be anything.
func (m *Mirror) Each(ctx context.Context, visit func(Location) error) error {
	buckets, err := os.ReadDir(m.root)
	if err != nil {
		return fmt.Errorf("listing the mirror: %w", err)
	}
	for _, bucket := range buckets {
		if err := m.bucket(ctx, bucket.Name(), visit); err != nil {
			return err
		}
	}
	return nil
}

func (m *Mirror) bucket(ctx context.Context, bucket string, visit func(Location) error) error {
	return fs.WalkDir(os.DirFS(filepath.Join(m.root, bucket)), ".", func(key string, d fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("listing the bucket %s of the mirror: %w", bucket, err)
		}
		if d.IsDir() || key == "." {
			return nil
		}
		return visit(Location{bucket, key})
	})
}
