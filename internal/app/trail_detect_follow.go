package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/source/cloudtrail"
)

// position is what a checkpoint keeps for a run: how long its output was, and the file
// with what detections remembered then. All of it becomes valid at once, when the
// checkpoint takes its new name.
type position struct {
	Output int64     `json:"output"`
	State  string    `json:"state"` // beside the checkpoint
	Newest time.Time `json:"newest,omitzero"`
	// Recorded is the number of the recording in the store that goes with it.
	Recorded int64 `json:"recorded,omitzero"`
}

const (
	// filesAStep are few enough that little is done again after a crash, and many enough
	// that writing the state down does not count.
	filesAStep = 64
	// mostWaiting is how late CloudTrail delivers, mostly.
	mostWaiting = 15 * time.Minute
)

// following is a run that goes on with new files.
type following struct {
	*detecting
	f      cloudtrail.Follower
	at     position
	now    func() time.Time
	came   time.Time       // when the last files did
	said   map[string]bool // files whose fault was told of
	failed map[string]bool // files of the step that come again
}

// follow reads new files step by step: what came of a step is made to last before the
// next one begins. A stop that was asked for waits for the end of the step.
func (d *detecting) follow(ctx context.Context, finder cloudtrail.Finder, now func() time.Time) error {
	patient(finder, d.o.Follow.Quiet, now, d.o.Note)
	f := &following{detecting: d, now: now, came: now(), said: map[string]bool{}, failed: map[string]bool{}}
	d.faulty = f.fault
	f.f = cloudtrail.Follower{
		Finder: finder, Source: d.o.Source.String(), Checkpoint: d.o.Follow.Checkpoint, Every: -1, Most: filesAStep,
	}
	if err := f.open(ctx); err != nil {
		return unlisted(ctx, err)
	}
	for {
		done, err := f.step(ctx)
		switch {
		case ctx.Err() != nil && (err == nil || errors.Is(err, context.Canceled)) && f.o.Follow.On:
			return nil
		case err != nil && f.o.Follow.On && passing(err):
			if f.o.Note != nil {
				f.o.Note(fmt.Sprintf("looked in vain, and will again: %v", err))
			}
			if err := f.idle(ctx); err != nil {
				return err
			}
		case err != nil:
			return err
		case done > 0:
		case !f.o.Follow.On:
			return nil
		default:
			if err := f.idle(ctx); err != nil {
				return err
			}
		}
	}
}

// passing tells of an error of looking for files that it may be gone at the next look: a
// service that is busy or away. What is denied, expired or not there stays so.
func passing(err error) bool {
	var told interface {
		error
		Reason() evidence.Reason
	}
	if !errors.As(err, &told) || errors.Is(err, fs.ErrNotExist) {
		return false
	}
	return told.Reason() == evidence.Throttled || told.Reason() == evidence.Failed
}

// patient leaves files alone that are still being written, and says which
// notifications are not understood.
func patient(finder cloudtrail.Finder, quiet time.Duration, now func() time.Time, note func(string)) {
	switch f := finder.(type) {
	case finders:
		for _, one := range f {
			patient(one, quiet, now, note)
		}
	case *cloudtrail.Folder:
		f.Quiet, f.Now = quiet, now
	case *cloudtrail.Notified:
		f.Odd = func(err error) {
			if note != nil {
				note(fmt.Sprintf("a message stays in the queue: %v", err))
			}
		}
	}
}

// open goes back to where the checkpoint says that everything stood.
func (f *following) open(ctx context.Context) error {
	kept, err := f.f.Open(ctx)
	if err != nil {
		return err
	}
	if kept == nil {
		// The output may have been written to before by others: that is where it stands
		// now, also if this run ends before its first step does.
		return f.keep(ctx, nil)
	}
	if err := json.Unmarshal(kept, &f.at); err != nil {
		return fmt.Errorf("the checkpoint %s is not one of `trail detect` (%w); give each command its own", f.o.Follow.Checkpoint, err)
	}
	if f.o.Follow.Output != nil {
		if err := f.o.Follow.Output.Back(f.at.Output); err != nil {
			return err
		}
	}
	return f.remember(filepath.Join(filepath.Dir(f.o.Follow.Checkpoint), f.at.State))
}

// step reads the next files; it gives how many are done.
func (f *following) step(ctx context.Context) (done int, err error) {
	files, err := f.f.Next(ctx)
	if err != nil || len(files) == 0 {
		return 0, unlisted(ctx, err)
	}
	ready, missed, err := fetched(ctx, files)
	if err != nil {
		return 0, err
	}
	for _, fault := range missed {
		f.again(fault)
	}
	if len(ready) == 0 {
		return 0, nil
	}
	// From here on the step is done whole.
	ctx = context.WithoutCancel(ctx)
	clear(f.failed)
	if err := f.read(ctx, ready, f.f.Seen); err != nil {
		return 0, err
	}
	if last := f.out.Stats.Last; last.After(f.at.Newest) {
		f.at.Newest = last
	}
	var whole []cloudtrail.File
	for _, file := range ready {
		if !f.failed[file.Name] {
			whole = append(whole, file)
		}
	}
	if len(whole) > 0 {
		f.came = f.now()
	}
	return len(whole), f.keep(ctx, whole)
}

// again takes a fault of what comes again with the next look, and tells of it the
// first time: a file that could not be reached, or a folder that could not be listed.
func (f *following) again(fault *cloudtrail.Fault) {
	f.failed[fault.File] = true
	if !f.said[fault.File] {
		f.said[fault.File] = true
		f.detecting.fault(fault)
	}
}

// fault takes any other too.
func (f *following) fault(fault *cloudtrail.Fault) {
	if fault.Passing() || strings.HasSuffix(fault.File, "/") {
		f.again(fault)
		return
	}
	f.detecting.fault(fault)
}

// keep makes everything up to here last.
func (f *following) keep(ctx context.Context, done []cloudtrail.File) error {
	if f.o.Record != nil {
		state, err := f.detector.Save()
		if err == nil {
			f.at.Recorded, err = f.o.Record.keep(ctx, f.at.Recorded, state)
		}
		if err != nil {
			return err
		}
	}
	if f.o.Follow.Output != nil {
		var err error
		if f.at.Output, err = f.o.Follow.Output.Settle(); err != nil {
			return err
		}
	}
	if f.o.Follow.Checkpoint != "" {
		if err := f.save(); err != nil {
			return err
		}
	}
	at, err := json.Marshal(f.at)
	if err != nil {
		return err
	}
	return f.f.Done(ctx, done, at)
}

// save writes the state into the one of two files that the checkpoint does not name.
func (f *following) save() error {
	state, err := f.detector.Save()
	if err != nil {
		return err
	}
	base := filepath.Base(f.o.Follow.Checkpoint)
	if f.at.State == base+".state-a" {
		f.at.State = base + ".state-b"
	} else {
		f.at.State = base + ".state-a"
	}
	return writeWhole(filepath.Join(filepath.Dir(f.o.Follow.Checkpoint), f.at.State), state)
}

// idle waits for the next look. When nothing comes for long, time goes on all the
// same: what was held back for events that may come late is judged.
func (f *following) idle(ctx context.Context) error {
	if rest := f.now().Sub(f.came) - mostWaiting; rest > 0 && !f.at.Newest.IsZero() {
		before := f.out.count()
		if err := f.detector.Advance(f.at.Newest.Add(rest), f.alert); err != nil {
			return err
		}
		if f.out.count() != before {
			if err := f.keep(context.WithoutCancel(ctx), nil); err != nil {
				return err
			}
		}
	}
	every := f.o.Follow.Every
	if every <= 0 {
		every = time.Minute
	}
	if f.o.Source.Queue != "" {
		every = min(every, time.Second) // asking a queue waits by itself
	}
	t := time.NewTimer(every)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
	return nil
}

// remember reads what detections learned earlier; where there is no file yet, nothing.
func (d *detecting) remember(file string) (err error) {
	if file == "" {
		return nil
	}
	d.out.Forgotten, err = remembered(file, file == d.o.State, d.detector.Load)
	return err
}
