package digest

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
)

// errTrailing is data behind the gzip stream. A second gzip member is such data too:
// readers differ in whether they go on, so that two of them would see two logs.
var errTrailing = errors.New("unexpected data after end of compressed stream")

// unpacker decompresses one gzip stream after the other, without new memory.
type unpacker struct {
	in     *bufio.Reader
	z      gzip.Reader
	hash   hash.Hash
	buffer []byte
}

var unpackers = sync.Pool{New: func() any {
	return &unpacker{in: bufio.NewReaderSize(nil, 128<<10), hash: sha256.New(), buffer: make([]byte, 128<<10)}
}}

// unpack copies the one gzip stream in r to w.
func (u *unpacker) unpack(w io.Writer, r io.Reader) (int64, error) {
	u.in.Reset(r)
	defer u.in.Reset(nil)
	if err := u.z.Reset(u.in); err != nil {
		return 0, err
	}
	u.z.Multistream(false)
	n, err := io.CopyBuffer(onlyWriter{w}, onlyReader{&u.z}, u.buffer)
	if err != nil {
		return n, err
	}
	if _, err := u.in.ReadByte(); err != io.EOF {
		return n, errors.Join(errTrailing, err)
	}
	return n, nil
}

// onlyReader and onlyWriter keep io.CopyBuffer to the buffer it is given.
type (
	onlyReader struct{ io.Reader }
	onlyWriter struct{ io.Writer }
)

// readFault is an error of the place where objects lie, not of what lies there.
type readFault struct{ err error }

func (f *readFault) Error() string { return f.err.Error() }
func (f *readFault) Unwrap() error { return f.err }

// faultReader tells errors of reading from errors of what was read.
type faultReader struct {
	ctx context.Context
	r   io.Reader
}

func (f faultReader) Read(p []byte) (int, error) {
	if err := f.ctx.Err(); err != nil {
		return 0, &readFault{err}
	}
	n, err := f.r.Read(p)
	if err != nil && err != io.EOF {
		err = &readFault{err}
	}
	return n, err
}

// unread is the verdict on an object that could not be read to its end.
func unread(err error) (Status, string) {
	var fault *readFault
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Missing, "not found"
	case errors.As(err, &fault):
		return Unknown, fault.Error()
	case errors.Is(err, errTrailing):
		return Invalid, errTrailing.Error()
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return Invalid, "invalid format: the gzip stream is cut off"
	}
	return Invalid, fmt.Sprintf("invalid format: %v", err)
}

// open opens an object whose reading errors are readFaults.
func open(ctx context.Context, from Objects, l Location) (io.Reader, io.Closer, map[string]string, error) {
	body, metadata, err := from.Get(ctx, l)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil, err
	}
	if err != nil {
		return nil, nil, nil, &readFault{err}
	}
	return faultReader{ctx, body}, body, metadata, nil
}

// tries is how often a log file is read where the connection breaks off.
const tries = 3

// judgeLog compares a log file with what its digest says. Memory does not grow with
// the file.
func judgeLog(ctx context.Context, from Objects, l Log) Object {
	o := Object{Location: l.Location, Kind: KindLog, Status: Valid}
	if l.Algorithm != "" && l.Algorithm != hashAlgorithm {
		o.Status, o.Reason = Invalid, fmt.Sprintf("the digest names the hash algorithm %q; SHA-256 is the one there is", l.Algorithm)
		return o
	}
	var sum []byte
	var err error
	for range tries {
		var fault *readFault
		if sum, o.Bytes, err = sumOf(ctx, from, l.Location); !errors.As(err, &fault) || ctx.Err() != nil {
			break
		}
	}
	if err != nil {
		o.Status, o.Reason = unread(err)
		return o
	}
	if !strings.EqualFold(l.Hash, hex.EncodeToString(sum)) {
		o.Status, o.Reason = Invalid, "hash value doesn't match"
	}
	return o
}

// sumOf is the SHA-256 of an object's uncompressed content.
func sumOf(ctx context.Context, from Objects, l Location) ([]byte, int64, error) {
	r, closer, _, err := open(ctx, from, l)
	if err != nil {
		return nil, 0, err
	}
	defer closer.Close()
	u := unpackers.Get().(*unpacker)
	defer unpackers.Put(u)
	u.hash.Reset()
	n, err := u.unpack(u.hash, r)
	return u.hash.Sum(nil), n, err
}

// errTooLarge is a digest beyond maxDigest.
var errTooLarge = fmt.Errorf("it is larger than %d MiB", maxDigest>>20)

// textOf is the uncompressed text of a digest.
func textOf(r io.Reader) ([]byte, error) {
	u := unpackers.Get().(*unpacker)
	defer unpackers.Put(u)
	w := &limited{}
	_, err := u.unpack(w, r)
	return w.text.Bytes(), err
}

type limited struct{ text bytes.Buffer }

func (l *limited) Write(p []byte) (int, error) {
	if l.text.Len()+len(p) > maxDigest {
		return 0, errTooLarge
	}
	return l.text.Write(p)
}
