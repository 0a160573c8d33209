package analytic

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// States are written in a small binary form: numbers of variable length, texts with
// their length before them, in one order only, so that the same state gives the same
// bytes. In front stand the form's version, the engine and what it was made for.
const form = "holdfast/analytic/1"

type writer struct{ b []byte }

func (w *writer) num(n uint64)   { w.b = binary.AppendUvarint(w.b, n) }
func (w *writer) sint(n int64)   { w.b = binary.AppendVarint(w.b, n) }
func (w *writer) key(n uint64)   { w.b = binary.LittleEndian.AppendUint64(w.b, n) }
func (w *writer) real(f float64) { w.key(math.Float64bits(f)) }
func (w *writer) text(s string) {
	w.num(uint64(len(s)))
	w.b = append(w.b, s...)
}

// ErrOther is the error of Load where a state is whole, and of an engine that looked at
// something else: the parameters were others when it was written.
var ErrOther = errors.New("the state is of something else")

var errState = errors.New("the state is damaged or was cut off")

// loader reads what a writer wrote. The first fault stays, and all later answers are
// zero.
type loader struct {
	b   []byte
	err error
}

func (r *loader) fail() {
	if r.err == nil {
		r.err = errState
	}
	r.b = nil
}

func (r *loader) num() uint64 {
	n, size := binary.Uvarint(r.b)
	if size <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[size:]
	return n
}

func (r *loader) sint() int64 {
	n, size := binary.Varint(r.b)
	if size <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[size:]
	return n
}

func (r *loader) key() uint64 {
	if len(r.b) < 8 {
		r.fail()
		return 0
	}
	n := binary.LittleEndian.Uint64(r.b)
	r.b = r.b[8:]
	return n
}

// real reads a number that is finite and not below zero: all that states hold are.
func (r *loader) real() float64 {
	f := math.Float64frombits(r.key())
	if !(f >= 0) || math.IsInf(f, 0) {
		r.fail()
		return 0
	}
	return f
}

func (r *loader) text() string {
	n := r.num()
	if n > uint64(len(r.b)) {
		r.fail()
		return ""
	}
	s := string(r.b[:n])
	r.b = r.b[n:]
	return s
}

// count reads how many items follow, each of which takes at least one byte.
func (r *loader) count() int {
	n := r.num()
	if n > uint64(len(r.b)) {
		r.fail()
		return 0
	}
	return int(n)
}

// save writes a state down.
func save(engine, shape string, write func(*writer)) []byte {
	w := &writer{}
	w.text(form)
	w.text(engine)
	w.text(shape)
	write(w)
	return w.b
}

// load reads a state; read builds a new one, and only when all went well may the
// caller put it in the place of its own.
func load(data []byte, engine, shape string, read func(*loader)) error {
	r := &loader{b: data}
	if got := r.text(); got != form {
		return fmt.Errorf("the state of analytic %q is not of the form %s; remove it to begin anew", engine, form)
	}
	if got, what := r.text(), r.text(); r.err == nil && (got != engine || what != shape) {
		return fmt.Errorf("%w: of analytic %q (%s), not of %q (%s); remove it to begin anew", ErrOther, got, what, engine, shape)
	}
	read(r)
	if r.err == nil && len(r.b) > 0 {
		r.fail()
	}
	if r.err != nil {
		return fmt.Errorf("the state of analytic %q cannot be read: %w; remove it to begin anew", engine, r.err)
	}
	return nil
}
