package logfile

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Message is one message of a log, out of what CloudWatch Logs wrapped it in. Its text
// is valid until the next one.
type Message struct {
	Text   []byte
	Offset int64 // where it, or what it is wrapped in, begins in the decompressed content
	Row    int64 // the line, or the number of the message in a document of JSON
}

// BadRow is the error of a message that is passed over: the others are read.
type BadRow struct{ Err error }

func (b *BadRow) Error() string { return b.Err.Error() }

// Messages hands over the messages of a file: its lines, without the time that an
// export of CloudWatch Logs puts before each; the messages of JSON Lines and
// documents that have some ({"timestamp", "message"}, {"events": […]} as
// filter-log-events prints it, {"logEvents": […]} as subscribers get it); and other
// lines of JSON as they are. each may refuse one with a *BadRow; any other error ends
// the reading and is given back as it is. Otherwise what comes back is a *Fault, or
// the context's error.
func (o *Opened) Messages(ctx context.Context, each func(*Message) error) error {
	m := &messages{ctx: ctx, o: o, each: each}
	err := m.lines()
	if err == nil && m.bad != nil {
		return m.bad
	}
	return err
}

type messages struct {
	ctx  context.Context
	o    *Opened
	each func(*Message) error
	one  Message
	long []byte
	bad  *Fault // the first of the rows passed over
	row  int64
	at   int64
}

var errLong = errors.New("the line is longer than any record")

// lines goes through the file line by line.
func (m *messages) lines() error {
	first := true
	for {
		if m.row&1023 == 0 && m.ctx.Err() != nil {
			return m.ctx.Err()
		}
		line, size, err := m.line()
		if err != nil && err != io.EOF && !errors.Is(err, errLong) {
			return either(m.ctx, m.o.Fault(m.at, err))
		}
		text := bytes.TrimSpace(line)
		if first && len(text) > 0 && (text[0] == '[' || text[0] == '{' && (errors.Is(err, errLong) || !jsontext.Value(text).IsValid())) {
			return m.document(line)
		}
		if size == 0 && err == io.EOF {
			return nil
		}
		m.row++
		switch {
		case errors.Is(err, errLong):
			m.pass(m.at, fmt.Errorf("%w: more than %d bytes", errLong, m.o.limits.Line))
			n, fault := m.toEnd()
			if fault != nil && fault != io.EOF {
				return either(m.ctx, m.o.Fault(m.at, fault))
			}
			size += n
		case len(text) > 0:
			first = false
			if fault := m.message(text); fault != nil {
				return fault
			}
		}
		m.at += size
		if err == io.EOF {
			return nil
		}
	}
}

// line gives the next line, valid until the one after it, and how many bytes it took.
func (m *messages) line() ([]byte, int64, error) {
	part, err := m.o.content.ReadSlice('\n')
	if err != bufio.ErrBufferFull {
		return part, int64(len(part)), err
	}
	m.long = append(m.long[:0], part...)
	for err == bufio.ErrBufferFull {
		if len(m.long) > m.o.limits.Line {
			return m.long, int64(len(m.long)), errLong
		}
		part, err = m.o.content.ReadSlice('\n')
		m.long = append(m.long, part...)
	}
	return m.long, int64(len(m.long)), err
}

// toEnd passes over the rest of a line.
func (m *messages) toEnd() (n int64, err error) {
	for err = bufio.ErrBufferFull; err == bufio.ErrBufferFull; {
		var part []byte
		part, err = m.o.content.ReadSlice('\n')
		n += int64(len(part))
		if m.ctx.Err() != nil {
			return n, m.ctx.Err()
		}
	}
	return n, err
}

// message unwraps one line.
func (m *messages) message(text []byte) error {
	if text[0] != '{' {
		return m.hand(untimed(text))
	}
	return m.object(text)
}

// wrapped are the shapes that messages travel in.
type wrapped struct {
	Message   *string   `json:"message"`
	LogEvents []wrapped `json:"logEvents"`
	Events    []wrapped `json:"events"`
}

// object unwraps one JSON object.
func (m *messages) object(text []byte) error {
	if !bytes.Contains(text, []byte(`"message"`)) {
		return m.hand(text)
	}
	var w wrapped
	if err := json.Unmarshal(text, &w); err != nil {
		m.pass(m.at, fmt.Errorf("no JSON of a log: %w", err))
		return nil
	}
	if w.Message != nil {
		return m.hand(bytes.TrimSpace([]byte(*w.Message)))
	}
	for _, list := range [][]wrapped{w.LogEvents, w.Events} {
		for _, e := range list {
			if e.Message == nil {
				continue
			}
			if err := m.hand(bytes.TrimSpace([]byte(*e.Message))); err != nil {
				return err
			}
		}
	}
	return nil
}

// untimed takes the time of an export from before a message:
// 2026-03-01T12:00:00.000Z 2 111122223333 eni-…
func untimed(text []byte) []byte {
	const least = len("2026-03-01T12:00:00Z")
	if len(text) < least || text[4] != '-' || text[7] != '-' || text[10] != 'T' {
		return text
	}
	i := bytes.IndexByte(text, ' ')
	if i < least || text[i-1] != 'Z' {
		return text
	}
	return bytes.TrimLeft(text[i:], " ")
}

// hand hands one message over.
func (m *messages) hand(text []byte) error {
	if len(text) == 0 {
		return nil
	}
	m.one = Message{Text: text, Offset: m.at, Row: m.row}
	err := m.each(&m.one)
	if err == nil {
		return nil
	}
	var bad *BadRow
	if errors.As(err, &bad) {
		m.pass(m.at, bad.Err)
		return nil
	}
	return err
}

// pass counts a row that is passed over.
func (m *messages) pass(at int64, why error) {
	if m.bad == nil {
		m.bad = m.o.Fault(at, why)
	}
	m.bad.Skipped++
}

// document reads JSON that is not one object a line: what the command line of AWS
// prints, an array, or objects without anything between them. begun is what was read
// of it already.
func (m *messages) document(begun []byte) error {
	in := &spent{r: io.MultiReader(bytes.NewReader(bytes.Clone(begun)), m.o.content), most: int64(m.o.limits.Line) + 128<<10}
	d := &document{messages: m, in: in, dec: jsontext.NewDecoder(in, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))}
	d.base = m.at
	for {
		in.left = in.most
		kind := d.dec.PeekKind()
		var err error
		switch kind {
		case '[':
			err = d.list(d.value)
		default:
			err = d.value()
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			var own *ownError
			if errors.As(err, &own) {
				return own.err
			}
			return either(m.ctx, m.o.Fault(d.base+d.dec.InputOffset(), err))
		}
	}
}

// ownError is an error of who takes the messages.
type ownError struct{ err error }

func (o *ownError) Error() string { return o.err.Error() }

type document struct {
	*messages
	in   *spent
	dec  *jsontext.Decoder
	base int64 // of the document in the file
}

// list reads an array element by element.
func (d *document) list(element func() error) error {
	if _, err := d.dec.ReadToken(); err != nil {
		return err
	}
	for d.dec.PeekKind() != ']' {
		if err := element(); err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
	}
	_, err := d.dec.ReadToken()
	return err
}

// value reads an object: its list of messages one by one, or else itself.
func (d *document) value() error {
	if d.ctx.Err() != nil {
		return d.ctx.Err()
	}
	d.in.left = d.in.most
	if kind := d.dec.PeekKind(); kind != '{' {
		if kind == 0 {
			_, err := d.dec.ReadToken()
			return err
		}
		return fmt.Errorf("a JSON value that is no object")
	}
	at := d.base + d.dec.InputOffset()
	if _, err := d.dec.ReadToken(); err != nil {
		return err
	}
	rest, lists := []byte{'{'}, false
	for d.dec.PeekKind() != '}' {
		name, err := d.dec.ReadValue()
		if err != nil {
			return inside(err)
		}
		name = bytes.Clone(name)
		if key := string(name); (key == `"events"` || key == `"logEvents"`) && d.dec.PeekKind() == '[' {
			lists = true
			if err := d.list(d.element); err != nil {
				return err
			}
			continue
		}
		value, err := d.dec.ReadValue()
		if err != nil {
			return inside(err)
		}
		if len(rest) > 1 {
			rest = append(rest, ',')
		}
		rest = append(append(append(rest, name...), ':'), value...)
		if len(rest) > d.o.limits.Line {
			return fmt.Errorf("a JSON object of more than %d bytes", d.o.limits.Line)
		}
	}
	if _, err := d.dec.ReadToken(); err != nil {
		return inside(err)
	}
	if lists {
		return nil
	}
	d.at, d.row = at, d.row+1
	return owned(d.object(append(rest, '}')))
}

// element is one message of a list.
func (d *document) element() error {
	if d.ctx.Err() != nil {
		return d.ctx.Err()
	}
	d.in.left = d.in.most
	at := d.base + d.dec.InputOffset()
	value, err := d.dec.ReadValue()
	if err != nil {
		return inside(err)
	}
	d.at, d.row = at, d.row+1
	return owned(d.object(value))
}

func owned(err error) error {
	if err != nil {
		return &ownError{err}
	}
	return nil
}

// inside says that the end came within a value.
func inside(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// spent ends a value that takes more bytes than any should.
type spent struct {
	r          io.Reader
	most, left int64
}

func (s *spent) Read(p []byte) (int, error) {
	if s.left <= 0 {
		return 0, fmt.Errorf("a JSON value of more than %d bytes", s.most)
	}
	n, err := s.r.Read(p[:min(int64(len(p)), 64<<10)])
	s.left -= int64(n)
	return n, err
}
