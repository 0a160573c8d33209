package cloudtrail

import (
	"bufio"
	"bytes"
	"io"

	"github.com/klauspost/compress/gzip"

	"holdfast.dev/holdfast/internal/source/cloudtrail/inflate"
	"holdfast.dev/holdfast/internal/source/logfile"
)

// gunzip decompresses one file after the other.
type gunzip struct {
	head     []byte
	plainly  bytes.Reader
	whole    inflate.Reader
	buffered *bufio.Reader
	stream   *gzip.Reader
}

// whole is up to which size a file is read before it is decompressed, which goes much
// faster then. Nearly all log files are smaller; larger ones are streamed.
const whole = 4 << 20

// plain gives the content of a file, decompressed where it is gzip. What it is
// shows in the first bytes: mirrors of a bucket keep names and change content.
func (g *gunzip) plain(r io.Reader, limits Limits) (io.Reader, error) {
	counted := &logfile.Counter{R: r}
	err := g.fill(counted)
	zipped := bytes.HasPrefix(g.head, []byte{0x1f, 0x8b})
	if err == io.EOF && zipped {
		g.whole.Reset(g.head)
		return logfile.Bounded(&g.whole, counted, limits.Ratio), nil
	}
	g.plainly.Reset(g.head)
	var in io.Reader = &g.plainly
	switch {
	case err == io.EOF:
	case err != nil:
		in = io.MultiReader(in, broken{err}) // what came before the error counts
	default:
		in = io.MultiReader(in, counted)
	}
	if !zipped {
		return in, nil
	}
	if g.stream == nil {
		g.buffered, g.stream = bufio.NewReaderSize(in, 64<<10), new(gzip.Reader)
	}
	g.buffered.Reset(in)
	if err := g.stream.Reset(g.buffered); err != nil {
		return nil, err
	}
	return logfile.Bounded(g.stream, counted, limits.Ratio), nil
}

// fill reads the head of a file: io.EOF says that it is all.
func (g *gunzip) fill(r io.Reader) error {
	g.head = g.head[:0]
	for len(g.head) < whole {
		if len(g.head) == cap(g.head) {
			g.head = append(make([]byte, 0, max(256<<10, 2*cap(g.head))), g.head...)
		}
		n, err := r.Read(g.head[len(g.head):min(cap(g.head), whole)])
		g.head = g.head[:len(g.head)+n]
		if err != nil {
			return err
		}
	}
	return nil
}

// broken is a reader that fails.
type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }
