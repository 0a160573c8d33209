package digest

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// maxSidecar bounds a file of metadata; one digest takes about a kilobyte.
const maxSidecar = 4 << 30

// Sidecar is the user metadata of digests, by their s3:// URL. Of it only what
// verification needs is kept. A digest that is in there without a signature has none.
type Sidecar map[string]map[string]string

// ReadSidecar reads {"s3://bucket/key": {"signature": …, …}, …}, entry by entry. Names
// may be in any case, with or without x-amz-meta-.
func ReadSidecar(r io.Reader) (Sidecar, error) {
	in := &capped{r: r, left: maxSidecar}
	d := jsontext.NewDecoder(in, jsontext.AllowDuplicateNames(true))
	out := Sidecar{}
	err := object(d, "the metadata of objects", func(url string) error {
		if !strings.HasPrefix(url, "s3://") {
			return fmt.Errorf("%q is not an s3:// URL", url)
		}
		return out.entry(d, url)
	})
	if err != nil {
		return nil, err
	}
	if _, err := d.ReadToken(); err != io.EOF {
		return nil, errors.Join(errors.New("there is more behind the object"), err)
	}
	return out, nil
}

// entry reads what belongs to one object.
func (s Sidecar) entry(d *jsontext.Decoder, url string) error {
	kept := map[string]string{}
	err := fields(d, url, kept)
	if err != nil || len(kept) == 0 && !strings.Contains(url, "CloudTrail-Digest") {
		return err
	}
	if before, twice := s[url]; twice && before[metaSignature] != kept[metaSignature] {
		return fmt.Errorf("%q is there twice, with different signatures", url)
	}
	s[url] = kept
	return nil
}

// fields reads the metadata of one object; also as head-object prints it, one deeper.
func fields(d *jsontext.Decoder, url string, kept map[string]string) error {
	return object(d, fmt.Sprintf("the metadata of %q", url), func(name string) error {
		name = strings.TrimPrefix(strings.ToLower(name), "x-amz-meta-")
		switch {
		case name == "metadata" && d.PeekKind() == '{':
			return fields(d, url, kept)
		case name != metaSignature && name != metaAlgorithm && name != metaGeneration:
			return d.SkipValue()
		}
		v, err := d.ReadToken()
		if err != nil {
			return err
		}
		if v.Kind() != '"' {
			return fmt.Errorf("%s of %q is not a text", name, url)
		}
		if before, twice := kept[name]; twice && before != v.String() {
			return fmt.Errorf("%q has two different values of %s", url, name)
		}
		kept[name] = v.String()
		return nil
	})
}

// object reads a JSON object; each is to read the value of the name it is given.
func object(d *jsontext.Decoder, what string, each func(name string) error) error {
	begin, err := d.ReadToken()
	if err != nil {
		return err
	}
	if begin.Kind() != '{' {
		return fmt.Errorf("%s is not a JSON object", what)
	}
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return err
		}
		if err := each(name.String()); err != nil {
			return err
		}
	}
	_, err = d.ReadToken()
	return err
}

// capped ends reading with an error where a file is larger than it may be.
type capped struct {
	r    io.Reader
	left int64
}

func (c *capped) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, errors.New("the file is too large")
	}
	n, err := c.r.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	return n, err
}
