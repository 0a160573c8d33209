package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"holdfast.dev/holdfast/internal/engine/sigma"
	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/finding"
	"holdfast.dev/holdfast/internal/operate/detect"
	"holdfast.dev/holdfast/internal/operate/detect/network"
	"holdfast.dev/holdfast/internal/source/cloudtrail"
	"holdfast.dev/holdfast/internal/source/dnslog"
	"holdfast.dev/holdfast/internal/source/flowlog"
	"holdfast.dev/holdfast/internal/source/logfile"
)

// NetworkDetectOptions say which flow logs or query logs to read, and what to look for.
type NetworkDetectOptions struct {
	Lookups bool // Route 53 Resolver query logs, else VPC flow logs

	Paths   []string // files, folders, s3://bucket/prefix
	Profile string   // of the AWS configuration
	logfile.Selection
	Format  string // of flow logs without a header
	Limits  logfile.Limits
	Workers int // 0 is one for each processor

	Detections DetectSources
	Threats    []string // files of threat lists, KIND=FILE or FILE
	Trusted    []string // files of addresses and domains that are no threat
	State      string   // file in which detections keep what they learned; "" forgets
	// Record writes findings and what was read into a store; nil leaves none.
	Record *TrailRecorder

	// Alert takes every alert, those that an exception covers too; Fault what could not
	// be read, as it comes.
	Alert func(finding.Alert) error
	Fault func(*logfile.Fault)
}

// NetworkDetected is what came of it.
type NetworkDetected struct {
	Files, Faulty int
	Records       int64 // flows or lookups
	Outside       int64 // of the time, the accounts and the Regions that were asked for
	Bad           int64 // rows that were passed over
	NoData        int64 // rows of flow logs that say there was no traffic
	Skipped       int64 // rows of flow logs that say flows were lost
	Lost          []string
	Lacking       []string // fields that a flow log does not have
	First, Last   time.Time

	Detections int
	Refused    []sigma.Refusal
	Off        []detect.Off
	AlertTally
	Threats   int      // entries of threat lists
	Forgotten []string // detections whose remembered state did not fit any more
}

// Blind tells whether there were files, and nothing could be read in any.
func (d *NetworkDetected) Blind() bool {
	return d.Faulty > 0 && d.Records+d.Outside+d.NoData+d.Skipped == 0
}

// Unseen says why not everything was judged that was asked for; nil where it was.
func (d *NetworkDetected) Unseen() error {
	var why []string
	if d.Faulty > 0 {
		why = append(why, counted(d.Faulty, "file was", "files were")+" not read whole")
	}
	if d.Skipped > 0 {
		why = append(why, "AWS lost flows in "+counted(int(d.Skipped), "interval", "intervals")+" (SKIPDATA)")
	}
	if len(d.Refused) > 0 {
		why = append(why, counted(len(d.Refused), "rule was", "rules were")+" refused")
	}
	if len(why) == 0 {
		return nil
	}
	return errors.New(strings.Join(why, ", and "))
}

// watching is one run over flows or lookups.
type watching struct {
	o       NetworkDetectOptions
	traffic *detect.Traffic
	out     *NetworkDetected
}

// NetworkDetect runs flow logs or query logs through detections.
func (a *App) NetworkDetect(ctx context.Context, w Workspace, o NetworkDetectOptions) (*NetworkDetected, error) {
	format, err := o.check()
	if err != nil {
		return nil, Usage(err)
	}
	run, err := a.watching(w, o)
	if err != nil {
		return nil, err
	}
	if err := run.remember(); err != nil {
		return nil, err
	}
	files, err := a.networkFiles(ctx, &o)
	if err != nil {
		return nil, unlisted(ctx, err)
	}
	if len(files) == 0 {
		return nil, Usage(fmt.Errorf("there is no log file in %s, or none of the accounts, Regions and time that are asked for", strings.Join(o.Paths, " ")))
	}
	if o.Until.IsZero() {
		// Records of a time to come are no traffic, and would end every window at once.
		o.Until = a.Now().Add(24 * time.Hour)
	}
	run.o = o
	if o.Lookups {
		err = run.lookups(ctx, files)
	} else {
		err = run.flows(ctx, files, format)
	}
	if err == nil {
		err = run.end(ctx)
	}
	run.out.Off = run.traffic.Off()
	return run.out, err
}

func (o *NetworkDetectOptions) check() (*flowlog.Format, error) {
	o.Kind = flowlog.Kind
	if o.Lookups {
		o.Kind = dnslog.Kind
	}
	remote := 0
	for _, p := range o.Paths {
		if strings.HasPrefix(p, "s3:") {
			remote++
			if _, _, ok := cloudtrail.Location(p); !ok {
				return nil, fmt.Errorf("%q names no bucket; write s3://bucket or s3://bucket/prefix", p)
			}
		}
	}
	switch {
	case len(o.Paths) == 0:
		return nil, errors.New("name log files, a folder that holds them, or s3://bucket/prefix")
	case o.Profile != "" && remote == 0:
		return nil, errors.New("--profile is for AWS, and all paths are on this machine; leave it out")
	case !o.Since.IsZero() && !o.Until.IsZero() && !o.Since.Before(o.Until):
		return nil, fmt.Errorf("--since %s is not before --until %s", o.Since.Format(time.RFC3339), o.Until.Format(time.RFC3339))
	case o.Detections.RulesOnly && len(o.Detections.Rules) == 0:
		return nil, errors.New("--rules-only leaves the catalogue out; name a folder of detections with --rules")
	case o.Format == "":
		return nil, nil
	}
	format, err := flowlog.ParseFormat(o.Format)
	if err != nil {
		return nil, fmt.Errorf("--format: %w", err)
	}
	return format, nil
}

// watching loads detections and lists.
func (a *App) watching(w Workspace, o NetworkDetectOptions) (*watching, error) {
	loaded, err := LoadDetections(w, o.Detections.lean())
	if err != nil {
		return nil, err
	}
	options, err := a.detectOptions(w, loaded)
	if err != nil {
		return nil, err
	}
	if options.Log = detect.Flows; o.Lookups {
		options.Log = detect.Lookups
	}
	entries, err := a.threatEntries(o.Threats)
	if err != nil {
		return nil, Usage(err)
	}
	harmless, err := a.trustedEntries(o.Trusted, &options)
	if err != nil {
		return nil, Usage(err)
	}
	traffic, err := detect.NewTraffic(loaded.All, options, network.NewThreats(entries, harmless))
	if err != nil {
		return nil, Usage(err)
	}
	run := &watching{o: o, traffic: traffic, out: &NetworkDetected{
		Detections: traffic.Count(), Refused: loaded.Refusals, Threats: len(entries),
	}}
	if run.out.Detections == 0 {
		return nil, Usage(fmt.Errorf("there is no detection of %s to look for", options.Log.Service))
	}
	if o.Record != nil {
		o.Record.off = traffic.Off
	}
	return run, nil
}

// threatEntries reads threat lists.
func (a *App) threatEntries(files []string) (all []network.Entry, err error) {
	for _, f := range files {
		category := network.Malicious
		if kind, name, ok := strings.Cut(f, "="); ok {
			if category, err = network.ParseCategory(kind); err != nil {
				return nil, fmt.Errorf("--threats %s: %w", f, err)
			}
			f = name
		}
		entries, err := a.readList(f, category)
		if err != nil {
			return nil, fmt.Errorf("--threats: %w", err)
		}
		all = append(all, entries...)
	}
	return all, nil
}

// trustedEntries reads lists of what is no threat: addresses are trusted networks, the
// domains come back.
func (a *App) trustedEntries(files []string, o *detect.Options) (domains []string, err error) {
	for _, f := range files {
		entries, err := a.readList(f, network.Malicious)
		if err != nil {
			return nil, fmt.Errorf("--trusted: %w", err)
		}
		for _, e := range entries {
			if e.Domain != "" {
				domains = append(domains, e.Domain)
				continue
			}
			o.Trusted = append(o.Trusted, detect.Network{Range: e.Range, Owner: "--trusted", Reason: f})
		}
	}
	return domains, nil
}

// mostList bounds the file of a list.
const mostList = 256 << 20

func (a *App) readList(name string, category network.Category) ([]network.Entry, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.Size() > mostList {
		return nil, fmt.Errorf("%s has more than %d bytes", name, mostList)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return network.ParseList(name, data, category, a.Now())
}

// networkFiles lists the files on this machine and in buckets.
func (a *App) networkFiles(ctx context.Context, o *NetworkDetectOptions) (all []logfile.File, err error) {
	var local []string
	var logs TrailLogs
	for _, p := range o.Paths {
		name, prefix, ok := cloudtrail.Location(p)
		if !ok {
			local = append(local, p)
			continue
		}
		if a.OpenLogs == nil {
			return nil, errors.New("this program was built without a way to read AWS; read files of this machine")
		}
		if logs == nil {
			if logs, err = a.OpenLogs(ctx, o.Profile, ""); err != nil {
				return nil, err
			}
		}
		bucket, err := logs.Bucket(ctx, name)
		if err != nil {
			return nil, err
		}
		files, err := (&logfile.Remote{Bucket: bucket, Name: name, Prefix: prefix, Selection: o.Selection}).List(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, files...)
	}
	if logs != nil && o.Workers <= 0 {
		o.Workers = remoteWorkers
	}
	if len(local) > 0 {
		files, err := logfile.Local(o.Selection, local...)
		if err != nil {
			return nil, err
		}
		all = append(all, files...)
	}
	logfile.Order(all)
	return all, nil
}

// remember reads what detections learned before.
func (r *watching) remember() (err error) {
	if r.o.State != "" {
		r.out.Forgotten, err = remembered(r.o.State, true, r.traffic.Load)
	}
	return err
}

// end judges what was held back, or writes it down for the next run.
func (r *watching) end(ctx context.Context) error {
	if r.o.State == "" {
		if err := r.traffic.Flush(r.alert); err != nil {
			return err
		}
		return r.record(ctx)
	}
	if err := r.record(ctx); err != nil {
		return err
	}
	state, err := r.traffic.Save()
	if err != nil {
		return err
	}
	return writeWhole(r.o.State, state)
}

// record writes down what came of it so far.
func (r *watching) record(ctx context.Context) error {
	rec := r.o.Record
	if rec == nil {
		return nil
	}
	_, err := rec.keep(ctx, rec.now.After, nil)
	return err
}

// saw notes that a record was read.
func (r *watching) saw(ctx context.Context, account, region string, at time.Time, log string) error {
	rec := r.o.Record
	if rec == nil {
		return nil
	}
	rec.tally.Add(account, region, at, log)
	if rec.full() {
		return r.record(ctx)
	}
	return nil
}

// wants tells whether a record is of an account and a Region that are asked for.
func (r *watching) wants(account, region string) bool {
	return (len(r.o.Accounts) == 0 || slices.Contains(r.o.Accounts, account)) && (len(r.o.Regions) == 0 || slices.Contains(r.o.Regions, region))
}

func (r *watching) flows(ctx context.Context, files []logfile.File, format *flowlog.Format) error {
	reader := &flowlog.Reader{Files: files, Format: format, Since: r.o.Since, Until: r.o.Until, Limits: r.o.Limits, Workers: r.o.Workers}
	err := reader.Each(ctx, func(b *flowlog.Batch) error {
		r.fault(b.Fault)
		for i := range b.Flows {
			f := &b.Flows[i]
			if !r.wants(f.Account, f.Region) {
				r.out.Outside++
				continue
			}
			if err := errors.Join(r.traffic.Flow(f, r.alert), r.saw(ctx, f.Account, f.Region, f.Start, "flow")); err != nil {
				return err
			}
		}
		return nil
	})
	s := reader.Stats()
	out := r.out
	out.Files, out.Faulty, out.Records, out.Bad = s.Files, s.Faulty, s.Flows-out.Outside, s.Bad
	out.Outside += s.Outside
	out.NoData, out.Skipped, out.Lost, out.Lacking, out.First, out.Last = s.NoData, s.SkipData, s.Lost, s.Lacking, s.First, s.Last
	if rec := r.o.Record; rec != nil {
		for _, id := range s.Lost {
			rec.now.Gaps = append(rec.now.Gaps, evidence.Gap{
				Service: flowlog.Service, Operation: "ReadLogs", Resource: id, Reason: evidence.NotRecorded, Detail: "AWS lost flows of it (SKIPDATA)",
			})
		}
	}
	return err
}

func (r *watching) lookups(ctx context.Context, files []logfile.File) error {
	reader := &dnslog.Reader{Files: files, Since: r.o.Since, Until: r.o.Until, Limits: r.o.Limits, Workers: r.o.Workers}
	err := reader.Each(ctx, func(b *dnslog.Batch) error {
		r.fault(b.Fault)
		for i := range b.Lookups {
			l := &b.Lookups[i]
			if !r.wants(l.Account, l.Region) {
				r.out.Outside++
				continue
			}
			if err := errors.Join(r.traffic.Lookup(l, r.alert), r.saw(ctx, l.Account, l.Region, l.Time, "dns")); err != nil {
				return err
			}
		}
		return nil
	})
	s := reader.Stats()
	out := r.out
	out.Files, out.Faulty, out.Records, out.Bad = s.Files, s.Faulty, s.Lookups-out.Outside, s.Bad
	out.Outside += s.Outside
	out.First, out.Last = s.First, s.Last
	return err
}

func (r *watching) fault(f *logfile.Fault) {
	if f == nil {
		return
	}
	if rec := r.o.Record; rec != nil {
		service := flowlog.Service
		if r.o.Lookups {
			service = dnslog.Service
		}
		rec.now.Gaps = append(rec.now.Gaps, f.Gap(service))
	}
	if r.o.Fault != nil {
		r.o.Fault(f)
	}
}

func (r *watching) alert(a finding.Alert) error {
	r.out.add(&a)
	if r.o.Record != nil {
		r.o.Record.alert(a)
	}
	if r.o.Alert == nil {
		return nil
	}
	return r.o.Alert(a)
}
