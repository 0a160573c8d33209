// Package cloudtrail reads CloudTrail records: log files as AWS lays them down
// (any prefix, of accounts and of organisations, gzip or plain), JSON Lines, arrays,
// and what LookupEvents answers. It hands over evidence.Event one by one, keeps
// each record as it was, and never lets one bad file stop the others: what could
// not be read comes out as a Fault, with file and offset.
//
// Files are found and put into the order in which AWS delivered them: Local, Remote
// (a bucket), Notified (a queue of notifications). A Reader reads them: Events hands
// over one evidence.Event after the other, Each hands batches of Records to several
// workers and then, in order, to one taker. A Record knows where its fields lie and
// decodes them when asked (Value, Path), so that rules pay for what they look at.
// Follower takes new files as they come, with a checkpoint. Reader.Seen finds
// duplicates, Correct applies an addendum, and Fault.Gap is what a file that could not
// be read means for verdicts.
//
// A file is decompressed (gunzip.go, inflate), cut into records (scan.go), and each
// record is scanned once (record.go). Memory is bounded by the largest record, the
// batches that wait (each.go) and the event ids remembered (seen.go), never by the size
// or number of events. What speaks to AWS is handed in: internal/source/aws/trail.
//
// Source of the shapes: AWS CloudTrail User Guide, "CloudTrail log file examples"
// and "CloudTrail record contents"; API reference of LookupEvents.
package cloudtrail

import "time"

// Limits bound what hostile or broken input can cost. Zero fields take the
// defaults.
type Limits struct {
	Record int // bytes of one record
	Depth  int // of nested JSON
	Ratio  int // bytes out of gzip for each byte in, once 16 MiB came out
	IDs    int // event ids remembered to find duplicates; the oldest are forgotten beyond
}

// DefaultLimits are far beyond what CloudTrail writes: records stay below 1 MiB,
// logs shrink about twentyfold.
var DefaultLimits = Limits{Record: 8 << 20, Depth: 128, Ratio: 400, IDs: 3 << 19}

func (l Limits) orDefault() Limits {
	set := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	set(&l.Record, DefaultLimits.Record)
	set(&l.Depth, DefaultLimits.Depth)
	set(&l.Ratio, DefaultLimits.Ratio)
	set(&l.IDs, DefaultLimits.IDs)
	return l
}

// Stats is what one reading came across.
type Stats struct {
	Files      int // read, whole or in part
	Faulty     int // could not be read to the end
	Digests    int // digest files, which hold no records
	Foreign    int // logs of other services beside those of CloudTrail
	Early      int // files delivered before Since, not opened
	Events     int // handed over
	Duplicates int // the same event id once more
	Outside    int // records outside of Since and Until
	Addenda    int // of the events: those that correct or explain an earlier one
	Insights   int // of the events: those of CloudTrail Insights
	First      time.Time
	Last       time.Time
}
