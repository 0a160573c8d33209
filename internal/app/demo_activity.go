package app

import (
	"bytes"
	"context"
	"errors"
	"io"
	"time"

	"holdfast.dev/holdfast/internal/finding"
	"holdfast.dev/holdfast/internal/operate/detect"
	"holdfast.dev/holdfast/internal/operate/detect/analytic"
	"holdfast.dev/holdfast/internal/source/cloudtrail"
	"holdfast.dev/holdfast/internal/source/demo"
	"holdfast.dev/holdfast/internal/store"
)

// watchDemo runs the activity of the made-up organisation through the reader and the
// detections, as it would that of a real one, and records what comes of it.
func (r *Reviewing) watchDemo(ctx context.Context, s *store.Store, o demo.Options) error {
	files, _ := demo.Activity(o)
	w, err := r.detectIn(ctx, files, o.At)
	if err != nil {
		return err
	}
	run, err := s.Begin(ctx, store.Run{Kind: "detect"})
	if err != nil {
		return err
	}
	a := &App{Now: func() time.Time { return o.At }}
	w.Exceptions, w.Trusted, w.Quiet = r.Exceptions, r.Trusted, r.Quiet
	_, changes, err := a.RecordAlerts(ctx, s, run, *w)
	if err != nil {
		return errors.Join(err, run.Finish(context.WithoutCancel(ctx), store.Failed, nil))
	}
	return run.Finish(ctx, store.Finished, recorded(o.At, len(w.Alerts), changes))
}

// detectIn runs log files through the detections.
func (r *Reviewing) detectIn(ctx context.Context, files []demo.LogFile, at time.Time) (*Recording, error) {
	out := &Recording{Source: "demo"}
	a := &App{Now: func() time.Time { return at }}
	d, err := a.detecting(r.workspace, TrailDetectOptions{Alert: func(x finding.Alert) error {
		out.Alerts = append(out.Alerts, x)
		return nil
	}})
	if err != nil {
		return nil, err
	}
	var tally store.Tally
	reader := &cloudtrail.Reader{}
	for _, f := range files {
		reader.Files = append(reader.Files, cloudtrail.File{Name: f.Name, Delivered: f.Delivered, Open: func(context.Context) (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader(f.Data)), nil
		}})
	}
	var activity analytic.Activity
	err = cloudtrail.Each(ctx, reader, d.look, func(b *cloudtrail.Batch, seen *detect.Seen) error {
		for i := range b.Records {
			d.taker.reset(&b.Records[i])
			d.taker.Activity(&activity)
			tally.Add(activity.Account, activity.Region, activity.Time, detect.LogOf(&activity))
		}
		return d.take(b, seen)
	})
	if err == nil {
		err = d.detector.Flush(d.alert)
	}
	if err != nil {
		return nil, err
	}
	out.Read, out.Off = tally.Take(), OffDetections(d.detector.Off())
	out.State, err = d.detector.Save()
	return out, err
}
