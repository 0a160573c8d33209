package cloudformation

import "strconv"

// trail is a path below Properties. Resources of a template have most paths in
// common, so each path is built once and its text shared. A nil trail records
// nothing.
type trail struct {
	path  string
	known bool // its text was accounted for
	named map[string]*trail
	items []*trail
}

// maxKeyLength is far above the names of AWS; below a longer key positions
// are those of the key above it.
const maxKeyLength = 1024

func (t *trail) child(key string) *trail {
	if t == nil || len(key) > maxKeyLength {
		return nil
	}
	if next, ok := t.named[key]; ok {
		return next
	}
	if t.named == nil {
		t.named = map[string]*trail{}
	}
	next := t.extend(key)
	t.named[key] = next
	return next
}

func (t *trail) item(i int) *trail {
	if t == nil {
		return nil
	}
	for len(t.items) <= i {
		t.items = append(t.items, nil)
	}
	if t.items[i] == nil {
		t.items[i] = t.extend(strconv.Itoa(i))
	}
	return t.items[i]
}

func (t *trail) extend(name string) *trail {
	if t.path == "" {
		return &trail{path: name}
	}
	return &trail{path: t.path + "/" + name}
}

func itoa(i int) string { return strconv.Itoa(i) }
