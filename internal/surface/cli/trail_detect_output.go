package cli

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"holdfast.dev/holdfast/internal/app"
	"holdfast.dev/holdfast/internal/finding"
)

// alertReport prints alerts as they come.
type alertReport interface {
	alert(finding.Alert) error
	flush() error // what was printed so far
	end() error
}

func alertReportOf(format string, w io.Writer, all bool) alertReport {
	switch format {
	case "jsonl":
		return newAlertLines(w)
	case "json":
		return &alertJSON{out: bufio.NewWriterSize(w, 64<<10)}
	}
	return newAlertTable(w, all)
}

// alertLines writes JSON Lines.
type alertLines struct {
	out  *bufio.Writer
	json *json.Encoder
}

func newAlertLines(w io.Writer) *alertLines {
	l := &alertLines{out: bufio.NewWriterSize(w, 64<<10)}
	l.json = json.NewEncoder(l.out)
	l.json.SetEscapeHTML(false)
	return l
}

func (l *alertLines) alert(a finding.Alert) error { return l.json.Encode(alertLineOf(&a)) }
func (l *alertLines) flush() error                { return l.out.Flush() }
func (l *alertLines) end() error                  { return l.flush() }

// flushed shows what was printed after every step of following.
type flushed struct{ alertReport }

func (f flushed) Settle() (int64, error) { return 0, f.flush() }
func (f flushed) Back(int64) error       { return nil } // what a pipe has got is gone

// alertFile is a file of JSON Lines that can be taken back to where it stood.
type alertFile struct {
	*alertLines
	file *os.File
}

func openAlertFile(name string) (*alertFile, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, app.Usage(fmt.Errorf("cannot write %s: %w", name, err))
	}
	if _, err := f.Seek(0, io.SeekEnd); err != nil {
		return nil, errors.Join(app.Usage(fmt.Errorf("--out %s has to be a file that can be taken back: %w", name, err)), f.Close())
	}
	return &alertFile{newAlertLines(f), f}, nil
}

// Settle makes the file last.
func (f *alertFile) Settle() (int64, error) {
	if err := errors.Join(f.out.Flush(), f.file.Sync()); err != nil {
		return 0, fmt.Errorf("writing %s: %w", f.file.Name(), err)
	}
	return f.file.Seek(0, io.SeekCurrent)
}

// Back drops what lies behind a length.
func (f *alertFile) Back(length int64) error {
	info, err := f.file.Stat()
	if err != nil {
		return err
	}
	if info.Size() < length {
		return app.Usage(fmt.Errorf("%s has %d bytes and had %d when the checkpoint was written; put it back, or begin anew with another checkpoint", f.file.Name(), info.Size(), length))
	}
	if err := f.file.Truncate(length); err != nil {
		return err
	}
	_, err = f.file.Seek(length, io.SeekStart)
	return err
}

func (f *alertFile) close() error { return errors.Join(f.out.Flush(), f.file.Close()) }

// alertJSON writes one document.
type alertJSON struct {
	out *bufio.Writer
	n   int
}

func (j *alertJSON) alert(a finding.Alert) error {
	before := ",\n"
	if j.n == 0 {
		before = "{\"alerts\": [\n"
	}
	j.n++
	if _, err := j.out.WriteString(before); err != nil {
		return err
	}
	b, err := json.Marshal(alertLineOf(&a))
	if err != nil {
		return err
	}
	_, err = j.out.Write(b)
	return err
}

func (j *alertJSON) flush() error { return j.out.Flush() }

func (j *alertJSON) end() error {
	text := "\n]}\n"
	if j.n == 0 {
		text = "{\"alerts\": []}\n"
	}
	_, err := j.out.WriteString(text)
	return errors.Join(err, j.out.Flush())
}
