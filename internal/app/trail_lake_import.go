package app

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"time"

	"holdfast.dev/holdfast/internal/source/cloudtrail"
	"holdfast.dev/holdfast/internal/store/lake"
)

// TrailImportOptions say which log files go into the lake.
type TrailImportOptions struct {
	Source  TrailSource
	Dir     string // of the lake
	Again   bool   // read log files that are in the lake already
	Limits  cloudtrail.Limits
	Workers int // 0 is one for each processor
	Lake    lake.Options

	Fault    func(*cloudtrail.Fault)
	Progress func(events, file, files int)
}

// TrailImported is what an import came to.
type TrailImported struct {
	Stats   cloudtrail.Stats
	Known   int // log files that were in the lake already, and were not read
	Left    int // events of other accounts, Regions or times than asked for
	Faulty  int
	Written lake.Written
	Dir     string
}

// Unseen says why not everything was kept; nil where it was.
func (i *TrailImported) Unseen() error {
	if i.Faulty == 0 {
		return nil
	}
	return fmt.Errorf("%d log files were not read to their ends, so the lake lacks what they hold beyond", i.Faulty)
}

// importing is one import.
type importing struct {
	o         TrailImportOptions
	writer    *lake.Writer
	out       *TrailImported
	row       LakeRows
	accounts  map[string]bool
	regions   map[string]bool
	delivered map[string]time.Time
	partial   bool // something of the file was left out or could not be read
	files, of int
}

// TrailImport appends the events of log files to the lake. What was committed when it
// fails stays, and importing the same again goes on from there.
func (a *App) TrailImport(ctx context.Context, o TrailImportOptions) (*TrailImported, error) {
	finder, err := a.trailFinder(ctx, &o.Source)
	if err != nil {
		return nil, err
	}
	files, err := finder.Find(ctx, time.Time{})
	if err != nil {
		return nil, unlisted(ctx, err)
	}
	if len(files) == 0 {
		return nil, Usage(fmt.Errorf("there is no log file in %s, or none of the accounts, Regions and time that are asked for", o.Source.String()))
	}
	o.Lake.Now = a.Now
	w, err := lake.OpenWriter(o.Dir, o.Lake)
	if err != nil {
		return nil, lakeUsage(err)
	}
	defer w.Close() // commits nothing, so that it has nothing to say
	i := &importing{o: o, writer: w, out: &TrailImported{Dir: o.Dir}, accounts: set(o.Source.Accounts), regions: set(o.Source.Regions)}
	err = i.read(ctx, files)
	if err == nil {
		err = w.Commit(ctx)
	}
	if err == nil {
		err = w.Compact(ctx)
	}
	i.out.Written = w.Written()
	return i.out, lakeUsage(err)
}

// read appends what files hold, but those that are in the lake already.
func (i *importing) read(ctx context.Context, files []cloudtrail.File) error {
	i.delivered = map[string]time.Time{}
	var wanted []cloudtrail.File
	for _, f := range files {
		known, err := i.writer.Has(markName(f.Name), f.Delivered)
		if err != nil {
			return err
		}
		if known && !i.o.Again {
			i.out.Known++
			continue
		}
		i.delivered[f.Name] = f.Delivered
		wanted = append(wanted, f)
	}
	i.of = len(wanted)
	if i.o.Workers <= 0 {
		if i.o.Workers = runtime.GOMAXPROCS(0); i.o.Source.remote() {
			i.o.Workers = max(i.o.Workers, remoteWorkers)
		}
	}
	if i.o.Limits.IDs == 0 {
		i.o.Limits.IDs = nearIDs
	}
	r := &cloudtrail.Reader{Files: wanted, Limits: i.o.Limits, Workers: i.o.Workers}
	look := func(int, *cloudtrail.Batch) struct{} { return struct{}{} }
	err := cloudtrail.Each(ctx, r, look, func(b *cloudtrail.Batch, _ struct{}) error { return i.take(ctx, b) })
	i.out.Stats = r.Stats()
	return err
}

// nearIDs are few: the lake knows which events it has, and the reader only spares it
// copies that lie close together.
const nearIDs = 1 << 16

// markName is a name that means the same file from whatever folder it is asked.
func markName(name string) string {
	if _, _, remote := cloudtrail.Location(name); remote {
		return name
	}
	abs, err := filepath.Abs(name)
	if err != nil {
		return name
	}
	return abs
}

func (i *importing) take(ctx context.Context, b *cloudtrail.Batch) error {
	if b.Fault != nil {
		i.partial = true
		i.out.Faulty++
		i.writer.Missed(markName(b.File), b.Fault.Gap())
		if i.o.Fault != nil {
			i.o.Fault(b.Fault)
		}
	}
	for j := range b.Records {
		r := &b.Records[j]
		if r.Duplicate() {
			continue
		}
		row := i.row.Of(b.File, r)
		if !i.wants(row) {
			i.partial = true
			i.out.Left++
			continue
		}
		if err := i.writer.Append(ctx, row); err != nil {
			return fmt.Errorf("%s: %w", b.File, err)
		}
	}
	if b.Last {
		if !i.partial {
			i.writer.Done(markName(b.File), i.delivered[b.File])
		}
		i.partial = false
		if i.files++; i.o.Progress != nil {
			i.o.Progress(i.writer.Written().Events, i.files, i.of)
		}
	}
	return nil
}

// wants tells whether an event is of an account, a Region and a time that are asked for.
func (i *importing) wants(r *lake.Row) bool {
	s := &i.o.Source
	return (len(i.accounts) == 0 || i.accounts[string(r.Text[lake.Account])]) && (len(i.regions) == 0 || i.regions[string(r.Text[lake.Region])]) &&
		(r.Time.IsZero() || (s.Since.IsZero() || !r.Time.Before(s.Since)) && (s.Until.IsZero() || r.Time.Before(s.Until)))
}
