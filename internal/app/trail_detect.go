package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"holdfast.dev/holdfast/internal/engine/sigma"
	"holdfast.dev/holdfast/internal/finding"
	"holdfast.dev/holdfast/internal/operate/detect"
	"holdfast.dev/holdfast/internal/source/cloudtrail"
)

// TrailDetectOptions say what to read and what to look for in it.
type TrailDetectOptions struct {
	Source     TrailSource
	Detections DetectSources
	Limits     cloudtrail.Limits
	Workers    int // 0 is one for each processor

	// State is the file in which detections keep what they learned from one run to the
	// next; "" forgets.
	State string

	Follow TrailFollow

	// Record writes findings and what was read into a store; nil leaves none.
	Record *TrailRecorder

	// Alert takes every alert, in the order of the events; those that an exception
	// covers too. Fault takes what could not be read, as it comes, and Note what else is
	// worth telling.
	Alert func(finding.Alert) error
	Fault func(*cloudtrail.Fault)
	Note  func(string)
}

// TrailFollow says how to go on with new files as they come.
type TrailFollow struct {
	On         bool          // wait for new files; else only those that are new since the checkpoint
	Checkpoint string        // file; "" starts from the beginning each time
	Every      time.Duration // between looks; 0 is a minute
	Quiet      time.Duration // how long a file of this machine has to be left alone by its writer
	// Output is where alerts go, if it can be taken back to where it stood: then nothing
	// is lost and nothing comes twice, whenever the process ends. nil promises that no
	// alert is lost, and those of the last step may come twice.
	Output TrailOutput
}

func (f *TrailFollow) asked() bool { return f.On || f.Checkpoint != "" }

// TrailOutput is a file of alerts.
type TrailOutput interface {
	// Settle makes what was written last, and gives its length.
	Settle() (length int64, err error)
	// Back takes it back to a length.
	Back(length int64) error
}

// mostKept bounds the faults and refusals that a summary names.
const mostKept = 1000

// TrailDetected is what came of it.
type TrailDetected struct {
	Stats      cloudtrail.Stats
	Faults     []*cloudtrail.Fault // the first thousand
	Faulty     int
	Detections int
	Refused    []sigma.Refusal
	Off        []detect.Off
	AlertTally
	Rules map[string]int // alerts by detection
	Left  int            // events of accounts and Regions that were not asked for
	// Forgotten are detections whose remembered state did not fit any more.
	Forgotten []string
	Dropped   string // what correlations had to give up, in words
}

// Blind tells whether there were files, and nothing could be read in any.
func (d *TrailDetected) Blind() bool { return d.Faulty > 0 && d.Stats.Events == 0 }

// Unseen says why not everything was judged that was asked for; nil where it was.
func (d *TrailDetected) Unseen() error {
	var parts []string
	if d.Faulty > 0 {
		parts = append(parts, counted(d.Faulty, "file was not read to its end", "files were not read to their ends"))
	}
	if len(d.Refused) > 0 {
		parts = append(parts, counted(len(d.Refused), "rule was", "rules were")+" refused")
	}
	if len(parts) == 0 {
		return nil
	}
	return errors.New(strings.Join(parts, ", and "))
}

// detecting is one run.
type detecting struct {
	o        TrailDetectOptions
	detector *detect.Detector
	out      *TrailDetected
	lookers  []*looker
	taker    *trailEvent
	spare    chan *detect.Seen
	accounts map[string]bool
	regions  map[string]bool
	faulty   func(*cloudtrail.Fault)
}

// looker is what one worker has for itself.
type looker struct {
	worker *detect.Worker
	event  *trailEvent
}

// TrailDetect runs log files through detections.
func (a *App) TrailDetect(ctx context.Context, w Workspace, o TrailDetectOptions) (*TrailDetected, error) {
	if o.State != "" && o.Follow.Checkpoint != "" {
		return nil, Usage(errors.New("a checkpoint holds the state of detections as well; leave --state out"))
	}
	if o.Detections.RulesOnly && len(o.Detections.Rules) == 0 {
		return nil, Usage(errors.New("--rules-only leaves the catalogue out; name a folder of rules with --rules"))
	}
	finder, err := a.trailFinder(ctx, &o.Source)
	if err != nil {
		return nil, err
	}
	d, err := a.detecting(w, o)
	if err != nil {
		return nil, err
	}
	if o.Follow.asked() || o.Source.Queue != "" {
		err = d.follow(ctx, finder, a.Now)
	} else {
		err = d.once(ctx, finder)
	}
	d.finish()
	return d.out, err
}

// detecting loads the detections.
func (a *App) detecting(w Workspace, o TrailDetectOptions) (*detecting, error) {
	loaded, err := LoadDetections(w, o.Detections.lean())
	if err != nil {
		return nil, err
	}
	options, err := a.detectOptions(w, loaded)
	if err != nil {
		return nil, err
	}
	detector, refused, err := detect.New(loaded.All, options)
	if err != nil {
		return nil, Usage(err)
	}
	refused = append(slices.Clone(loaded.Refusals), refused...)
	slices.SortStableFunc(refused, func(x, y sigma.Refusal) int { return cmp.Or(cmp.Compare(x.File, y.File), cmp.Compare(x.Line, y.Line)) })
	engine := detector.Engine()
	if o.Workers <= 0 {
		if o.Workers = runtime.GOMAXPROCS(0); o.Source.remote() {
			o.Workers = max(o.Workers, remoteWorkers)
		}
	}
	d := &detecting{
		o: o, detector: detector, taker: newTrailEvent(engine), spare: make(chan *detect.Seen, 256),
		out: &TrailDetected{
			Detections: detector.Count(), Refused: refused, Rules: map[string]int{},
		},
		accounts: set(o.Source.Accounts), regions: set(o.Source.Regions),
	}
	if d.out.Detections == 0 {
		err := errors.New("there is no detection to look for")
		if len(refused) > 0 {
			err = fmt.Errorf("none of the rules can be honoured: %w", errors.Join(asErrors(refused)...))
		}
		return nil, Usage(err)
	}
	d.faulty = d.fault
	if o.Record != nil {
		o.Record.off = detector.Off
	}
	for range o.Workers {
		d.lookers = append(d.lookers, &looker{detector.Worker(), newTrailEvent(engine)})
	}
	return d, nil
}

// remoteWorkers read at the same time what has to come over a network.
const remoteWorkers = 8

func set(names []string) map[string]bool {
	out := map[string]bool{}
	for _, n := range names {
		out[n] = true
	}
	return out
}

func asErrors(refused []sigma.Refusal) []error {
	const most = 20
	var out []error
	for i, r := range refused {
		if i == most {
			return append(out, fmt.Errorf("and %d more", len(refused)-most))
		}
		out = append(out, r)
	}
	return out
}

// once reads what is there.
func (d *detecting) once(ctx context.Context, finder cloudtrail.Finder) error {
	if err := d.remember(d.o.State); err != nil {
		return err
	}
	files, err := finder.Find(ctx, time.Time{})
	if err != nil {
		return unlisted(ctx, err)
	}
	if len(files) == 0 {
		return Usage(fmt.Errorf("there is no log file in %s, or none of the accounts, Regions and time that are asked for", d.o.Source.String()))
	}
	if err := d.read(ctx, files, nil); err != nil {
		return err
	}
	// What is held back for later events is kept for them where there is a state; else
	// nothing is to come.
	if d.o.State == "" {
		if err := d.detector.Flush(d.alert); err != nil || d.o.Record == nil {
			return err
		}
		_, err := d.o.Record.keep(ctx, d.o.Record.now.After, nil)
		return err
	}
	state, err := d.detector.Save()
	if err != nil {
		return err
	}
	if d.o.Record != nil {
		if _, err := d.o.Record.keep(ctx, d.o.Record.now.After, state); err != nil {
			return err
		}
	}
	return writeWhole(d.o.State, state)
}

// givenUp says what correlations could not judge as they should.
func givenUp(s sigma.StateStats) string {
	var parts []string
	add := func(n int, why string) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, why))
		}
	}
	add(s.Late, fmt.Sprintf("came more than %v after later ones", sigma.DefaultState.Tolerance))
	add(s.Timeless, "had no time")
	add(s.Forced, "were judged early, because too many were held back")
	add(s.Dropped, "were forgotten early, because there were too many")
	return strings.Join(parts, ", ")
}

// read runs files through the detections.
func (d *detecting) read(ctx context.Context, files []cloudtrail.File, seen *cloudtrail.Seen) error {
	r := &cloudtrail.Reader{
		Files: files, Since: d.o.Source.Since, Until: d.o.Source.Until, Limits: d.o.Limits, Seen: seen,
		Workers: d.o.Workers,
	}
	err := cloudtrail.Each(ctx, r, d.look, d.take)
	d.out.Stats.Add(r.Stats())
	d.out.Dropped = givenUp(d.detector.Stats())
	return err
}

// look is what workers do at the same time.
func (d *detecting) look(worker int, b *cloudtrail.Batch) *detect.Seen {
	l := d.lookers[worker]
	var seen *detect.Seen
	select {
	case seen = <-d.spare:
		seen.Reset()
	default:
		seen = &detect.Seen{}
	}
	for i := range b.Records {
		if r := &b.Records[i]; d.wants(r) {
			l.event.reset(r)
			l.worker.Look(i, l.event, seen)
		}
	}
	return seen
}

// wants tells whether a record is of an account and a Region that are asked for.
func (d *detecting) wants(r *cloudtrail.Record) bool {
	return (len(d.accounts) == 0 || d.accounts[string(r.Account())]) && (len(d.regions) == 0 || d.regions[string(r.Text(cloudtrail.AWSRegion))])
}

// take puts what was seen into the order of the events.
func (d *detecting) take(b *cloudtrail.Batch, seen *detect.Seen) error {
	if b.Fault != nil {
		d.faulty(b.Fault)
	}
	alert := d.alert // once, and not for each event
	for i := range b.Records {
		r := &b.Records[i]
		if r.Duplicate() {
			continue
		}
		d.taker.reset(r)
		switch {
		case !d.wants(r):
			d.out.Left++
		case d.o.Record != nil:
			d.o.Record.saw(d.taker)
		}
		if err := d.detector.Take(i, d.taker, seen, alert); err != nil {
			return err
		}
	}
	if d.o.Record != nil && !d.o.Follow.asked() && d.o.Record.full() {
		// Without a checkpoint a stretch may end anywhere: nothing goes on from it.
		if _, err := d.o.Record.keep(context.Background(), d.o.Record.now.After, nil); err != nil {
			return err
		}
	}
	select {
	case d.spare <- seen:
	default:
	}
	return nil
}

func (d *detecting) fault(f *cloudtrail.Fault) {
	if d.o.Record != nil && !(d.o.Follow.asked() && f.Passing()) { // what passes comes again
		d.o.Record.fault(f)
	}
	d.out.Faulty++
	if len(d.out.Faults) < mostKept {
		d.out.Faults = append(d.out.Faults, f)
	}
	if d.o.Fault != nil {
		d.o.Fault(f)
	}
}

func (d *detecting) alert(a finding.Alert) error {
	d.out.add(&a)
	d.out.Rules[a.Rule]++
	if d.o.Record != nil {
		d.o.Record.alert(a)
	}
	if d.o.Alert == nil {
		return nil
	}
	return d.o.Alert(a)
}

// finish fills in what is known at the end.
func (d *detecting) finish() {
	d.out.Off = d.detector.Off()
}
