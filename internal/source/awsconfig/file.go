package awsconfig

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/klauspost/compress/gzip"

	"holdfast.dev/holdfast/internal/evidence"
)

// File is what one file holds.
type File struct {
	Name
	Path  string
	Items []Item
	Gaps  []evidence.Gap // items and stretches that could not be understood
}

// Parse reads one file, gzip or plain. The file that comes with an error holds
// the items before the place where it broke off, and a Gap for the others.
func Parse(name string, r io.Reader, opt Options) (File, error) {
	file := File{Name: ParseName(name), Path: name}
	gaps, err := Scan(context.Background(), name, r, opt, func(item Item) error {
		file.Items = append(file.Items, item)
		return nil
	})
	file.Gaps = gaps
	return file, err
}

// Scan is Parse for files of any length: it hands over one item after the other
// and keeps none. It stops at the error that yield returns, and returns it.
func Scan(ctx context.Context, name string, r io.Reader, opt Options, yield func(Item) error) ([]evidence.Gap, error) {
	s := &scanner{ctx: ctx, path: name, name: ParseName(name), opt: opt.withDefaults(), yield: yield}
	err := s.run(r)
	var stop *stopped
	if errors.As(err, &stop) {
		return s.gaps, stop.err
	}
	if err != nil && !errors.Is(err, ErrNotConfig) {
		s.broken(err)
	}
	return s.gaps, err
}

// scanner reads one file.
type scanner struct {
	ctx   context.Context
	path  string
	name  Name
	opt   Options
	yield func(Item) error

	meter *meter
	json  *jsontext.Decoder
	items evidence.Decoder
	count int
	found bool // something of AWS Config was in it
	gaps  []evidence.Gap
}

// stopped carries an error that is not the file's fault.
type stopped struct{ err error }

func (s *stopped) Error() string { return s.err.Error() }

func (s *scanner) run(r io.Reader) error {
	plain, err := unpack(r)
	if err != nil {
		return &ParseError{File: s.path, Err: err}
	}
	s.meter = &meter{r: plain, file: s.opt.MaxFile}
	s.json = jsontext.NewDecoder(s.meter, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if err := s.document(); err != nil {
		return s.place(err)
	}
	if !s.found {
		return fmt.Errorf("%s: %w", s.path, ErrNotConfig)
	}
	return nil
}

// unpack looks at the first bytes, not at the name: exports get renamed.
func unpack(r io.Reader) (io.Reader, error) {
	buffered := bufio.NewReaderSize(r, 1<<16)
	head, err := buffered.Peek(2)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if len(head) < 2 || head[0] != 0x1f || head[1] != 0x8b {
		return buffered, nil
	}
	return gzip.NewReader(buffered)
}

// document reads the outermost object.
func (s *scanner) document() error {
	s.meter.refill(s.opt.MaxItem)
	if kind := s.json.PeekKind(); kind != '{' {
		if _, err := s.json.ReadToken(); err != nil {
			return err
		}
		return fmt.Errorf("expected a JSON object, found %v", kind)
	}
	if _, err := s.json.ReadToken(); err != nil {
		return err
	}
	for s.json.PeekKind() == '"' {
		token, err := s.json.ReadToken()
		if err != nil {
			return err
		}
		if err := s.member(token.String()); err != nil {
			return err
		}
	}
	if _, err := s.json.ReadToken(); err != nil { // the closing brace, or why there is none
		return err
	}
	if _, err := s.json.ReadToken(); !errors.Is(err, io.EOF) {
		if err != nil {
			return err
		}
		return errors.New("more data after the end of the JSON object")
	}
	return nil
}

func (s *scanner) member(name string) error {
	s.meter.refill(s.opt.MaxItem)
	switch strings.ToLower(name) {
	case "configurationitems", "baseconfigurationitems":
		s.found = true
		return s.list()
	case "configurationitem":
		s.found = true
		return s.one()
	case "configurationitemsummary":
		s.found = true
		return s.summary()
	}
	return s.json.SkipValue()
}

func (s *scanner) list() error {
	switch s.json.PeekKind() {
	case 'n':
		return s.json.SkipValue()
	case '[':
	default:
		return errors.New("configurationItems is not a list")
	}
	if _, err := s.json.ReadToken(); err != nil {
		return err
	}
	for s.json.PeekKind() != ']' {
		if err := s.one(); err != nil {
			return err
		}
	}
	_, err := s.json.ReadToken()
	return err
}

// one reads one item whole, which is all that is ever held of a file.
func (s *scanner) one() error {
	if err := s.ctx.Err(); err != nil {
		return &stopped{err}
	}
	s.meter.refill(s.opt.MaxItem)
	if s.json.PeekKind() == 'n' {
		return s.json.SkipValue()
	}
	at := s.json.InputOffset()
	raw, err := s.json.ReadValue()
	if err != nil {
		return err
	}
	if s.count++; s.count > s.opt.MaxItems {
		return fmt.Errorf("more than %d configuration items; split the file, or raise the limit", s.opt.MaxItems)
	}
	fields, err := s.items.DecodeObject(raw)
	if err != nil {
		s.lost("", at, err)
		return nil
	}
	item, err := readItem(fields, s.name)
	if err != nil {
		s.lost(item.Type, at, err)
		if item.Key == "" || item.Captured.IsZero() {
			return nil
		}
		item.opaque = true // it ends what was known until then
	}
	if err := s.yield(item); err != nil {
		return &stopped{err}
	}
	return nil
}

// summary is the notice of a change that was too long for the notification; the
// item itself lies elsewhere.
func (s *scanner) summary() error {
	raw, err := s.json.ReadValue()
	if err != nil {
		return err
	}
	fields, err := s.items.DecodeObject(raw)
	if err != nil {
		return nil // null
	}
	typ, _ := field(fields, "resourceType").(string)
	id, _ := field(fields, "resourceId").(string)
	s.gap(typ, evidence.Failed, fmt.Sprintf("%s: only a summary of %s %s; the item is in the bucket under OversizedChangeNotification", s.path, typ, id))
	return nil
}

// lost records an item that was there and not understood.
func (s *scanner) lost(typ string, at int64, err error) {
	s.gap(typ, evidence.Corrupt, fmt.Sprintf("%s: byte %d: item %d: %v", s.path, at, s.count, err))
}

// broken records that the rest of the file is missing.
func (s *scanner) broken(err error) { s.gap(s.name.Type, evidence.Corrupt, err.Error()) }

func (s *scanner) gap(typ string, why evidence.Reason, detail string) {
	s.gaps = append(s.gaps, evidence.Gap{
		Account: s.name.Account, Region: s.name.Region, Service: "config", Operation: "GetResourceConfigHistory",
		Types: typesOf(typ), Reason: why, Detail: shorten(detail),
	})
}

func shorten(s string) string {
	const most = 300
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// place says where in the file an error happened.
func (s *scanner) place(err error) error {
	var stop *stopped
	if errors.As(err, &stop) {
		return err
	}
	at := s.json.InputOffset()
	var syntax *jsontext.SyntacticError
	switch {
	case errors.As(err, &syntax):
		at, err = syntax.ByteOffset, syntax.Err
	case errors.Is(err, io.EOF):
		err = io.ErrUnexpectedEOF
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = fmt.Errorf("the file ends too early: %w", err)
	}
	return &ParseError{File: s.path, Offset: at, Err: err}
}

// meter keeps a reader from giving more than a file, and more at a time than an
// item, may have.
type meter struct {
	r    io.Reader
	file int64
	item int64
}

// slack is what the decoder may read ahead of the value it is asked for.
const slack = 1 << 20

func (m *meter) refill(item int64) { m.item = item + slack }

func (m *meter) Read(p []byte) (int, error) {
	switch {
	case m.file <= 0:
		return 0, errors.New("the file is longer than the limit for one file")
	case m.item <= 0:
		return 0, errors.New("a configuration item is longer than the limit for one item")
	}
	n, err := m.r.Read(p[:min(int64(len(p)), m.file, m.item)])
	m.file -= int64(n)
	m.item -= int64(n)
	return n, err
}
