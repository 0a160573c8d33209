// Package evidence is the model every part of Holdfast speaks: what was
// observed (Resource, Event, Package), what could not be (Gap), and the
// estate they belong to (Account, Org).
//
// A Resource is in the shape of its CloudFormation schema whatever world it
// came from, so that one control judges a template, a live resource and a past
// instant alike. What AWS has but CloudFormation lacks has a Holdfast::… type,
// or stands under the property Observed; docs/evidence-types.md lists both.
//
// Property values are one of nil, bool, int64, float64, string, []any,
// map[string]any and Unknown; nothing else enters. Values are never changed
// after they were handed over.
//
// Nothing internal is imported here, and nothing does I/O or reads a clock.
package evidence

import (
	"strings"
	"time"
)

// Global is the Region of resources that live in no Region (IAM, Organizations,
// CloudFront, and the account itself).
const Global = "global"

// Resource is one configured thing.
type Resource struct {
	Type      string // CloudFormation name, AWS::S3::Bucket, or Holdfast::…
	ID        string // primary identifier; the logical id where a template gives no name
	ARN       string
	Account   string
	Region    string
	Partition string // aws, aws-cn, aws-us-gov; empty where a template does not say
	Tags      map[string]string

	// Properties follow the CloudFormation schema of Type.
	Properties map[string]any

	Observed time.Time // when the source saw it
	Source   string    // aws, awsconfig, cloudformation, terraform
	Origin   *Origin   // where a template declared it; nil for what was observed
}

// Key identifies a resource within the estate over time. Two observations with
// the same key are versions of one thing.
func (r *Resource) Key() string {
	var file string
	if r.Origin != nil {
		file = r.Origin.File
	}
	return strings.Join([]string{r.Account, r.Region, r.Type, r.ID, file}, "|")
}

// Origin says where a template declared a resource.
type Origin struct {
	File      string
	LogicalID string
	Line      int // 1-based; 0 is not known
	Column    int

	// Conditional is set where a condition that could not be resolved decides
	// whether the resource exists at all.
	Conditional bool

	// Skips are inline suppressions that stand on the resource.
	Skips []Skip

	// Positions of properties, sorted by Path.
	Positions []Position
}

// Skip is an inline suppression of one control on one resource.
type Skip struct {
	Control string
	Reason  string // never empty: a skip without a reason is refused by the source
	Line    int
}

// Position is where one property stands in its file.
type Position struct {
	Path   string // slash-separated, from Properties: BucketEncryption/0/…
	Line   int
	Column int
}

// At is the position of the deepest declared property on any of the paths, or
// that of the resource where none of it is declared.
func (o *Origin) At(paths ...string) (line, column int) {
	line, column = o.Line, o.Column
	deepest := 0
	for _, path := range paths {
		for path != "" && strings.Count(path, "/")+1 > deepest {
			if p, ok := o.find(path); ok {
				line, column, deepest = p.Line, p.Column, strings.Count(path, "/")+1
				break
			}
			path = path[:max(0, strings.LastIndexByte(path, '/'))]
		}
	}
	return line, column
}

func (o *Origin) find(path string) (Position, bool) {
	lo, hi := 0, len(o.Positions)
	for lo < hi {
		mid := (lo + hi) / 2
		if o.Positions[mid].Path < path {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < len(o.Positions) && o.Positions[lo].Path == path {
		return o.Positions[lo], true
	}
	return Position{}, false
}

// Unknown stands in place of a value that was not seen: a denied read, a value
// known only after apply, an intrinsic function that cannot be resolved. It is
// not nil, not empty and not absent, and everything computed from it is unknown
// unless the answer is the same whatever it hides.
type Unknown struct {
	Reason string // why, for the reader: "s3:GetBucketPolicy denied"

	// Present is set where the property certainly has a value, though not which
	// one (a reference to a key that is created together with this resource).
	Present bool

	// Ref names the logical id in the same template that the value points to,
	// so that relations can be followed although the value is not known.
	Ref string

	// Prefix and Suffix are text that the value certainly starts and ends with,
	// where it is known to be text: "arn:aws:iam::" and ":role/deploy" of an ARN
	// whose account is not known. They do not overlap.
	Prefix, Suffix string
}

// MayBe tells whether the hidden value may turn out to be this text.
func (u Unknown) MayBe(s string) bool {
	return len(s) >= len(u.Prefix)+len(u.Suffix) && strings.HasPrefix(s, u.Prefix) && strings.HasSuffix(s, u.Suffix)
}

// String is how a report names it.
func (u Unknown) String() string {
	if u.Reason == "" {
		return "unknown"
	}
	return "unknown (" + u.Reason + ")"
}

// Interval is a span of validity: [From, To). A zero To has not ended.
type Interval struct{ From, To time.Time }

// Contains tells whether the interval holds at t.
func (i Interval) Contains(t time.Time) bool {
	return !t.Before(i.From) && (i.To.IsZero() || t.Before(i.To))
}

// Version is a resource together with the time in which it looked so. The
// snapshot of an instant is the set of versions whose interval contains it.
type Version struct {
	Resource
	Valid Interval
}

// Gap is a read that did not happen: denied, throttled out, unsupported or
// failed. A gap turns the verdicts that needed it into UNKNOWN.
type Gap struct {
	Account   string
	Region    string
	Service   string   // as in an IAM action: s3
	Operation string   // as in the API: ListBuckets
	Types     []string // resource types that may be missing because of it
	Resource  string   // set where only this one resource is affected
	Reason    Reason
	Detail    string // the error's own words, shortened
}

// Reason says why a read did not happen.
type Reason string

const (
	Denied      Reason = "denied"      // the credentials may not
	Throttled   Reason = "throttled"   // the API kept refusing for load
	Unsupported Reason = "unsupported" // the service or operation is not there
	Failed      Reason = "failed"      // anything else the API or network answered
	Corrupt     Reason = "corrupt"     // it was read and could not be understood
	Interrupted Reason = "interrupted" // the run ended first
	NotRecorded Reason = "not-recorded"
)
