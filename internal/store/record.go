package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// Record writes a stretch of detection down in one transaction and gives its
// number, to go on from. The same stretch recorded again changes no count.
func (s *Store) Record(ctx context.Context, run *Run, r Recording) (number int64, changes Changes, err error) {
	if _, err := run.store(); err != nil {
		return 0, changes, err
	}
	now, err := instant(r.At)
	if err != nil {
		return 0, changes, err
	}
	if r.Source == "" {
		return 0, changes, say(ErrInput, nil, "a recording has to say what was read: its source is empty")
	}
	err = s.change(ctx, func(c *conn) error {
		w := &recorder{reviewer: reviewer{c: c, run: run.ID, at: r.At.UTC(), now: now, rules: map[string]int64{}}, rec: r}
		err := w.record(ctx)
		number, changes = w.number, w.changes
		return err
	})
	if err != nil {
		return 0, Changes{}, err
	}
	return number, changes, nil
}

// recorder is one transaction that records a stretch of detection. It is a
// reviewer of the findings that it touches, and of no other.
type recorder struct {
	reviewer
	rec    Recording
	number int64
	chain  int64
}

func (w *recorder) record(ctx context.Context) error {
	if err := w.goOn(ctx); err != nil {
		return err
	}
	read, err := json.Marshal(w.rec.Read)
	if err != nil {
		return err
	}
	off, err := json.Marshal(w.rec.Off)
	if err != nil {
		return err
	}
	if w.number, err = w.c.exec("INSERT INTO recording (source, chain, run, at, read, off, state) VALUES (?, ?, ?, ?, ?, ?, ?)",
		w.rec.Source, w.chain, w.run, w.now, string(read), string(off), w.rec.State); err != nil {
		return err
	}
	if w.chain == 0 {
		if w.chain = w.number; err == nil {
			_, err = w.c.exec("UPDATE recording SET chain = id WHERE id = ?", w.number)
		}
	}
	if err != nil {
		return err
	}
	if err := w.forget(); err != nil {
		return err
	}
	if err := w.alerts(ctx); err != nil {
		return err
	}
	if err := w.activity(ctx); err != nil {
		return err
	}
	return w.settle(ctx, w.rec.Excepts, w.rec.Quiet)
}

// goOn finds the recording that this one continues, and takes back what the store
// has behind it.
func (w *recorder) goOn(ctx context.Context) error {
	if w.rec.After == 0 {
		return nil
	}
	before, err := w.c.one(ctx, "SELECT chain FROM recording WHERE id = ? AND source = ?", w.rec.After, w.rec.Source)
	if err != nil {
		return err
	}
	if before == nil {
		return say(ErrInput, nil, "the store in use has no recording %d of %q to go on from; it may be another store, or an older copy of it: begin anew without the checkpoint", w.rec.After, w.rec.Source)
	}
	w.chain = before.int(0)
	var lost []string
	err = w.c.query(ctx, func(r row) error { lost = append(lost, r.text(0)); return nil },
		"SELECT read FROM recording WHERE source = ? AND chain = ? AND id > ?", w.rec.Source, w.chain, w.rec.After)
	if err != nil {
		return err
	}
	for _, text := range lost {
		if err := w.unread(text); err != nil {
			return err
		}
	}
	_, err = w.c.exec("DELETE FROM recording WHERE source = ? AND chain = ? AND id > ?", w.rec.Source, w.chain, w.rec.After)
	return err
}

// unread takes the counts of a lost recording back.
func (w *recorder) unread(text string) error {
	var read []Reading
	if err := json.Unmarshal([]byte(text), &read); err != nil {
		return say(ErrCorrupt, err, "what an earlier recording read cannot be understood (%v); the store is damaged", err)
	}
	for _, r := range read {
		if _, err := w.c.exec(`UPDATE activity SET events = CASE WHEN events = counting THEN events - ?5 ELSE events END, counting = counting - ?5
			WHERE account = ?1 AND region = ?2 AND day = ?3 AND source = ?4 AND chain = ?6`,
			r.Account, r.Region, dayOf(r.Day), w.rec.Source, int64(r.Events), w.chain); err != nil {
			return err
		}
	}
	return nil
}

// kept is how many recordings of a chain are kept: the last, and the one before, which
// a process that ended at the wrong moment goes on from. Of other chains of the source
// somebody may go on too, where they have a state; the oldest beyond keptOthers go.
const (
	kept       = 2
	keptOthers = 20
)

func (w *recorder) forget() error {
	_, err := w.c.exec(`DELETE FROM recording WHERE source = ?1 AND CASE chain WHEN ?2
		THEN id NOT IN (SELECT id FROM recording WHERE source = ?1 AND chain = ?2 ORDER BY id DESC LIMIT ?3)
		ELSE state IS NULL OR id NOT IN (SELECT id FROM recording WHERE source = ?1 AND state IS NOT NULL ORDER BY id DESC LIMIT ?4) END`,
		w.rec.Source, w.chain, int64(kept), int64(keptOthers))
	return err
}

// DetectorState is the detector's state as a recording left it: that of the number,
// or the latest of the source where number is 0. The second result is the number,
// 0 where there is none.
func (s *Store) DetectorState(ctx context.Context, source string, number int64) (state []byte, of int64, err error) {
	err = s.view(func(c *conn) error {
		r, err := c.one(ctx, "SELECT id, state FROM recording WHERE source = ?1 AND (?2 = 0 OR id = ?2) ORDER BY id DESC LIMIT 1", source, number)
		if err != nil || r == nil {
			return err
		}
		of, state = r.int(0), r.blob(1)
		return nil
	})
	if err == nil && of == 0 && number != 0 {
		return nil, 0, say(ErrNotFound, nil, "the store has no recording %d of %q: it keeps the latest %d that go on from one another", number, source, kept)
	}
	return state, of, err
}

// Detecting is what the latest recording of a source said.
type Detecting struct {
	Source string
	Number int64
	At     time.Time
	Off    []Off
}

// Detecting lists the latest recording of each source up to an instant, by source.
func (s *Store) Detecting(ctx context.Context, at time.Time) ([]Detecting, error) {
	n, err := instant(at)
	if err != nil {
		return nil, err
	}
	var list []Detecting
	err = s.view(func(c *conn) error {
		return c.query(ctx, func(r row) error {
			d := Detecting{Source: r.text(0), Number: r.int(1), At: timeAt(r.int(2))}
			if err := json.Unmarshal([]byte(r.text(3)), &d.Off); err != nil {
				return fmt.Errorf("detections that are off, of recording %d: %w", d.Number, err)
			}
			list = append(list, d)
			return nil
		}, "SELECT source, max(id), at, off FROM recording WHERE at <= ? GROUP BY source ORDER BY source", n)
	})
	return list, err
}
