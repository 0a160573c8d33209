// Package packed is the container of facts that are embedded in the binary: many
// named entries, sorted, in blocks that are compressed each by itself. Opening
// one costs nothing but its index, reading an entry costs its block, once.
//
// What is in an entry is the business of the package that embeds the file. The
// writer stands here too, so that the generators and the readers cannot differ.
package packed

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/klauspost/compress/flate"
)

// Header says where the facts come from.
type Header struct {
	Source  string `json:"source"`
	License string `json:"license"`
	Format  int    `json:"format"`
}

const (
	format    = 1
	maxIndex  = 1 << 20
	maxBlock  = 16 << 20
	maxBlocks = 1 << 14
)

// File is an opened container. It is safe for concurrent use.
type File struct {
	Header Header
	index  []place // sorted by name
	blocks []*block
}

type place struct {
	name             string
	block, from, len int
}

type block struct {
	packed []byte
	size   int
	once   sync.Once
	text   string
	err    error
}

// Open reads the index. The data is kept, not copied.
func Open(data []byte) (*File, error) {
	first, rest, ok := bytes.Cut(data, []byte{'\n'})
	if !ok {
		return nil, fmt.Errorf("packed facts: no header")
	}
	f := &File{}
	if err := json.Unmarshal(first, &f.Header); err != nil {
		return nil, fmt.Errorf("packed facts: header: %w", err)
	}
	if f.Header.Format != format {
		return nil, fmt.Errorf("packed facts: format %d, want %d", f.Header.Format, format)
	}
	sizes, rest, ok := bytes.Cut(rest, []byte{'\n'})
	if !ok {
		return nil, fmt.Errorf("packed facts: no sizes")
	}
	if err := f.cut(string(sizes), rest); err != nil {
		return nil, fmt.Errorf("packed facts: %w", err)
	}
	if err := f.readIndex(); err != nil {
		return nil, fmt.Errorf("packed facts: index: %w", err)
	}
	return f, nil
}

// cut makes the blocks of "packed:unpacked" sizes.
func (f *File) cut(sizes string, rest []byte) error {
	list := strings.Fields(sizes)
	if len(list) == 0 || len(list) > maxBlocks {
		return fmt.Errorf("%d blocks", len(list))
	}
	for _, item := range list {
		small, large, _ := strings.Cut(item, ":")
		n, err := strconv.Atoi(small)
		if err != nil || n < 0 || n > len(rest) {
			return fmt.Errorf("block size %q", item)
		}
		size, err := strconv.Atoi(large)
		if err != nil || size < 0 || size > maxBlock {
			return fmt.Errorf("block size %q", item)
		}
		f.blocks = append(f.blocks, &block{packed: rest[:n:n], size: size})
		rest = rest[n:]
	}
	return nil
}

// readIndex takes the first block, which lists the entries in order: a name and
// its length a line, an empty line where the next block begins.
func (f *File) readIndex() error {
	text, err := f.blocks[0].open()
	if err != nil {
		return err
	}
	if len(text) > maxIndex {
		return fmt.Errorf("%d bytes", len(text))
	}
	f.index = make([]place, 0, strings.Count(text, "\n"))
	p := place{block: 1}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" {
			p.block, p.from = p.block+1, 0
			continue
		}
		name, length, _ := strings.Cut(line, "\t")
		n, err := strconv.Atoi(length)
		if err != nil || n < 0 || p.block >= len(f.blocks) || p.from+n > f.blocks[p.block].size {
			return fmt.Errorf("entry %q", line)
		}
		if k := len(f.index); k > 0 && f.index[k-1].name >= name {
			return fmt.Errorf("entry %q is not in order", name)
		}
		p.name, p.len = name, n
		f.index = append(f.index, p)
		p.from += n
	}
	return nil
}

func (b *block) open() (string, error) {
	b.once.Do(func() {
		r := flate.NewReader(bytes.NewReader(b.packed))
		var text strings.Builder
		text.Grow(b.size)
		n, err := io.Copy(&text, io.LimitReader(r, int64(b.size)+1))
		if err == nil && int(n) != b.size {
			err = fmt.Errorf("a block has %d bytes where %d were announced", n, b.size)
		}
		b.text, b.err = text.String(), err
	})
	return b.text, b.err
}

// Len is the number of entries.
func (f *File) Len() int { return len(f.index) }

// Name is the name of the i-th entry, in order.
func (f *File) Name(i int) string { return f.index[i].name }

// Entry is the text of the i-th entry.
func (f *File) Entry(i int) (string, error) {
	p := f.index[i]
	text, err := f.blocks[p.block].open()
	if err != nil {
		return "", fmt.Errorf("%s: %w", p.name, err)
	}
	return text[p.from : p.from+p.len], nil
}

// Find is the number of the entry of a name.
func (f *File) Find(name string) (int, bool) {
	return slices.BinarySearchFunc(f.index, name, func(p place, name string) int { return cmp.Compare(p.name, name) })
}

// Write packs entries into blocks of about size bytes before compression. The
// same entries give the same bytes.
func Write(h Header, entries map[string]string, size int) ([]byte, error) {
	h.Format = format
	header, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	var index strings.Builder
	texts := []string{""}
	var current strings.Builder
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		if name == "" || strings.ContainsAny(name, "\t\n") {
			return nil, fmt.Errorf("packed facts: entry name %q", name)
		}
		text := entries[name]
		if current.Len() > 0 && current.Len()+len(text) > size {
			texts = append(texts, current.String())
			current.Reset()
			index.WriteByte('\n')
		}
		current.WriteString(text)
		fmt.Fprintf(&index, "%s\t%d\n", name, len(text))
	}
	texts = append(texts, current.String())
	texts[0] = index.String()
	return assemble(header, texts)
}

func assemble(header []byte, texts []string) ([]byte, error) {
	var body bytes.Buffer
	sizes := make([]string, len(texts))
	for i, text := range texts {
		before := body.Len()
		w, err := flate.NewWriter(&body, flate.BestCompression)
		if err != nil {
			return nil, err
		}
		if _, err := io.WriteString(w, text); err != nil {
			return nil, err
		}
		if err := w.Close(); err != nil {
			return nil, err
		}
		sizes[i] = fmt.Sprintf("%d:%d", body.Len()-before, len(text))
	}
	return slices.Concat(header, []byte{'\n'}, []byte(strings.Join(sizes, " ")), []byte{'\n'}, body.Bytes()), nil
}
