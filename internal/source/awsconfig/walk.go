package awsconfig

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"holdfast.dev/holdfast/internal/evidence"
)

// Walk reads all files of AWS Config under a folder (or the one file given), in
// the order of their paths. It yields each with the error that ended it, if any;
// the file then holds what came before. Files that are not JSON, and JSON that is
// not AWS Config's, are passed over. It ends when ctx is done, with ctx's error.
func Walk(ctx context.Context, root string, opt Options) iter.Seq2[File, error] {
	return func(yield func(File, error) bool) {
		single := isFile(root)
		top := root
		if resolved, err := filepath.EvalSymlinks(root); err == nil {
			top = resolved // WalkDir does not follow its root
		}
		err := filepath.WalkDir(top, func(path string, entry fs.DirEntry, err error) error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				if !yield(unread(path, err), err) {
					return filepath.SkipAll
				}
				return nil // what lies beside it can still be read
			}
			if entry.IsDir() || !single && !readable(path) || !isFile(path) {
				return nil
			}
			file, err := readFile(ctx, path, opt)
			if errors.Is(err, ErrNotConfig) && !single {
				return nil
			}
			if !yield(file, err) {
				return filepath.SkipAll
			}
			return nil
		})
		if err != nil {
			yield(File{Path: root, Gaps: []evidence.Gap{{Service: "config", Operation: "GetResourceConfigHistory", Types: typesOf(""), Reason: evidence.Interrupted, Detail: err.Error()}}}, err)
		}
	}
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() // a pipe would never end
}

func readable(path string) bool {
	lower := strings.ToLower(path)
	return strings.HasSuffix(lower, ".json") || strings.HasSuffix(lower, ".json.gz")
}

func readFile(ctx context.Context, path string, opt Options) (File, error) {
	f, err := os.Open(path)
	if err != nil {
		return unread(path, err), err
	}
	defer f.Close()
	file := File{Name: ParseName(filepath.ToSlash(path)), Path: path}
	file.Gaps, err = Scan(ctx, path, f, opt, func(item Item) error {
		file.Items = append(file.Items, item)
		return nil
	})
	return file, err
}

// unread is a file or folder that could not be opened.
func unread(path string, err error) File {
	file := File{Name: ParseName(filepath.ToSlash(path)), Path: path}
	reason := evidence.Failed
	if errors.Is(err, fs.ErrPermission) {
		reason = evidence.Denied
	}
	file.Gaps = []evidence.Gap{{
		Account: file.Account, Region: file.Region, Service: "config", Operation: "GetResourceConfigHistory",
		Types: typesOf(file.Type), Reason: reason, Detail: shorten(err.Error()),
	}}
	return file
}
