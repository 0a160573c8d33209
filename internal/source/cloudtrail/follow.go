package cloudtrail

import (
	"context"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// Finder looks for files. Folder, Remote and Notified are finders.
type Finder interface {
	// Find gives the files that are there, those delivered before since left out where
	// that saves work. Names are the same each time.
	Find(ctx context.Context, since time.Time) ([]File, error)
	// File is the file of a name that Find gave earlier.
	File(name string) (File, bool)
}

// A keeper is a finder that has to know what became of its files.
type keeper interface {
	Done(ctx context.Context, files []File) error
	Keep(ctx context.Context) error
}

// Folder finds files on this machine.
type Folder struct {
	Paths []string
	Selection
	// Quiet is how long a file has to be left alone by its writer; 0 takes it at once.
	Quiet time.Duration
	Now   func() time.Time // only for Quiet
}

// Find lists the files.
func (d *Folder) Find(_ context.Context, since time.Time) ([]File, error) {
	files, err := Local(d.Paths...)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(files, func(f File) bool {
		return !d.wants(f.Name) || !f.Delivered.IsZero() && f.Delivered.Before(since) || d.busy(f.Name)
	}), nil
}

func (d *Folder) busy(name string) bool {
	if d.Quiet <= 0 || d.Now == nil {
		return false
	}
	info, err := os.Stat(name)
	return err == nil && d.Now().Sub(info.ModTime()) < d.Quiet
}

// File is the file of a name.
func (d *Folder) File(name string) (File, bool) { return localFile(name), true }

// Follower hands over new files as they come, each once, also across restarts:
//
//	position, err := f.Open(ctx)      // where the consumer's own output stood
//	for {
//		files, err := f.Next(ctx)     // waits
//		… read them with a Reader that has f.Seen, make what came of them last …
//		err = f.Done(ctx, files, position)
//	}
//
// What is made between Next and Done comes again when the process ends in between. A
// consumer that puts its position (the length of its output, the number of its
// transaction) into Done finds it in Open, and can take back what lies behind it: then
// nothing is lost and nothing comes twice.
type Follower struct {
	Finder     Finder
	Source     string        // what is followed, in words; a checkpoint belongs to it
	Checkpoint string        // file; "" keeps none
	Every      time.Duration // between looks; below zero Next does not wait and gives none
	// Settle is how much later than the newest a file may still come (by the times in
	// names). Done files of that time are remembered. 0 is two hours.
	Settle time.Duration
	Most   int   // files that Next gives; 0 is 64
	Seen   *Seen // Open makes one where it is nil
	Sleep  func(ctx context.Context, d time.Duration) error

	state   checkpoint
	done    map[string]bool
	backlog []File
	open    map[string]time.Time // handed over and not done
	newest  time.Time
	hold    *hold
}

// Open reads the checkpoint and gives the consumer's position in it, nil where nothing
// was done yet. It reads the ids of events in the files that were done lately, so that
// duplicates are found across the restart too.
func (f *Follower) Open(ctx context.Context) (json.RawMessage, error) {
	f.state = checkpoint{Version: checkpointVersion, Source: f.Source}
	if f.Checkpoint != "" {
		var err error
		if f.state, err = loadCheckpoint(f.Checkpoint, f.Source); err != nil {
			return nil, err
		}
	}
	if f.Settle <= 0 {
		f.Settle = 2 * time.Hour
	}
	if f.Seen == nil {
		f.Seen = NewSeen(DefaultLimits.IDs)
	}
	f.done, f.open = map[string]bool{}, map[string]time.Time{}
	var files []File
	for _, name := range f.state.Done {
		f.done[name] = true
		f.reached(deliveredName(name))
		if f.state.past(name) {
			continue
		}
		if file, ok := f.Finder.File(name); ok {
			files = append(files, file)
		}
	}
	r := &Reader{Files: files, Seen: f.Seen}
	err := Each(ctx, r, func(int, *Batch) struct{} { return struct{}{} }, func(*Batch, struct{}) error { return nil })
	return f.state.Position, err
}

func (f *Follower) reached(at time.Time) {
	if at.After(f.newest) {
		f.newest = at
	}
}

// Next gives the next files in the order of delivery, and waits until there are some.
// Files that were not done come again with a later look.
func (f *Follower) Next(ctx context.Context) ([]File, error) {
	for first := true; ; first = false {
		if len(f.backlog) == 0 {
			if !first {
				if f.Every < 0 {
					return nil, ctx.Err()
				}
				if err := f.sleep(ctx); err != nil {
					return nil, err
				}
			}
			if err := f.look(ctx); err != nil {
				return nil, err
			}
		}
		if n := len(f.backlog); n > 0 {
			most := f.Most
			if most <= 0 {
				most = 64
			}
			out := slices.Clone(f.backlog[:min(n, most)])
			f.backlog = f.backlog[len(out):]
			f.hold.stop()
			f.hold = holdOn(ctx, f.Finder)
			return out, nil
		}
	}
}

func (f *Follower) look(ctx context.Context) error {
	files, err := f.Finder.Find(ctx, f.state.Horizon)
	if err != nil {
		return err
	}
	clear(f.open)
	var known []File
	for _, file := range files {
		if f.done[file.Name] {
			known = append(known, file)
			continue
		}
		if _, twice := f.open[file.Name]; !twice {
			f.open[file.Name] = file.Delivered
			f.backlog = append(f.backlog, file)
		}
	}
	if k, ok := f.Finder.(keeper); ok && len(known) > 0 {
		return k.Done(ctx, known) // done before a restart, and told of again
	}
	return nil
}

// Done says that files are done, and what the consumer's position is now.
func (f *Follower) Done(ctx context.Context, files []File, position json.RawMessage) error {
	f.hold.stop()
	f.hold = nil
	for _, file := range files {
		delete(f.open, file.Name)
		f.reached(file.Delivered)
		if !f.done[file.Name] && !strings.HasSuffix(file.Name, "/") { // which could not be listed
			f.done[file.Name] = true
			f.state.Done = append(f.state.Done, file.Name)
		}
	}
	f.state.Position = position
	f.advance()
	if f.Checkpoint != "" {
		if err := f.state.save(f.Checkpoint); err != nil {
			return err
		}
	}
	if k, ok := f.Finder.(keeper); ok {
		return k.Done(ctx, files)
	}
	return nil
}

// mostTold is of how many files that are done a queue may tell once more: a process that
// ended before it could delete their messages finds them again when they show, whatever
// else was read in the meantime.
const mostTold = 5000

// advance moves the horizon up to where files may still come, or to the oldest that is
// not done.
func (f *Follower) advance() {
	if f.newest.IsZero() {
		return
	}
	horizon := f.newest.Add(-f.Settle)
	for _, at := range f.open {
		if !at.IsZero() && at.Before(horizon) {
			horizon = at
		}
	}
	if !horizon.After(f.state.Horizon) {
		return
	}
	f.state.Horizon = horizon
	stay := 0
	if _, ok := f.Finder.(keeper); ok {
		stay = mostTold
	}
	f.state.prune(stay)
	clear(f.done)
	for _, name := range f.state.Done {
		f.done[name] = true
	}
}

func (f *Follower) sleep(ctx context.Context) error {
	if f.Sleep != nil {
		return f.Sleep(ctx, f.Every)
	}
	every := f.Every
	if every == 0 {
		every = time.Minute
	}
	t := time.NewTimer(every)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// hold keeps messages hidden while their files are being read.
type hold struct {
	cancel context.CancelFunc
	ended  sync.WaitGroup
}

// holdEvery is well below the time for which the queue hides messages.
const holdEvery = time.Minute

// holdOn gives nil where the finder holds nothing.
func holdOn(ctx context.Context, finder Finder) *hold {
	k, ok := finder.(keeper)
	if !ok {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	h := &hold{cancel: cancel}
	h.ended.Go(func() {
		for t := time.NewTicker(holdEvery); ; {
			select {
			case <-ctx.Done():
				t.Stop()
				return
			case <-t.C:
				// A message that shows itself too early is known by its files: the
				// checkpoint has them once they are done.
				_ = k.Keep(ctx)
			}
		}
	})
	return h
}

func (h *hold) stop() {
	if h != nil {
		h.cancel()
		h.ended.Wait()
	}
}

// deliveredName is the time in the name of a file with its folders.
func deliveredName(name string) time.Time {
	return delivered(name[strings.LastIndexByte(name, '/')+1:])
}
