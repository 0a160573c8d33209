package store

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// applicationID marks the database file as ours ("HOLD").
const applicationID = 0x484f4c44

// migrations are the schema's versions in order; version n is entry n-1.
func migrations() ([]string, error) {
	names, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	list := make([]string, len(names))
	for i, name := range names { // Glob sorts
		var n int
		if _, err := fmt.Sscanf(name, "migrations/%04d_", &n); err != nil || n != i+1 {
			return nil, fmt.Errorf("migration %q is not number %d", name, i+1)
		}
		text, err := migrationFiles.ReadFile(name)
		if err != nil {
			return nil, err
		}
		list[i] = string(text)
	}
	return list, nil
}

// version is the schema version of an open database, 0 for an empty one.
func (c *conn) version(ctx context.Context, dir string, newest int) (int, error) {
	r, err := c.one(ctx, "SELECT (SELECT user_version FROM pragma_user_version), (SELECT application_id FROM pragma_application_id), (SELECT count(*) FROM sqlite_schema)")
	if err != nil {
		return 0, err
	}
	v, app, tables := int(r.int(0)), r.int(1), r.int(2)
	if app != applicationID && (app != 0 || tables > 0) {
		return 0, say(ErrCorrupt, nil, "the file %q is a database of another program; choose another directory with --store", dbPath(dir))
	}
	if v > newest {
		return v, say(ErrNewer, nil, "the store in %q has format %d and this holdfast knows formats up to %d; use the newer holdfast that wrote it, or another directory with --store", dir, v, newest)
	}
	return v, nil
}

// migrate brings the schema to the newest version. Each step commits together
// with its number, so an interrupted migration goes on where it stopped.
func (c *conn) migrate(ctx context.Context, dir string, steps []string) error {
	v, err := c.version(ctx, dir, len(steps))
	if err != nil {
		return err
	}
	for ; v < len(steps); v++ {
		err := c.transact(func() error {
			return c.script(fmt.Sprintf("%s\n;PRAGMA user_version=%d; PRAGMA application_id=%d;", steps[v], v+1, applicationID))
		})
		if err != nil {
			return fmt.Errorf("bringing the store to format %d: %w", v+1, err)
		}
	}
	return nil
}
