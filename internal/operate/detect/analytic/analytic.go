// Package analytic finds in activity what no single event shows: a login from two
// places at once, the first use of a Region, a burst of refusals. Each analytic is
// a small engine of its own with a declared state, which can be saved and read back.
//
// The caller hands over events in the order in which they were delivered, which is
// not quite that of their times: an analytic bears events that come late, and gives
// the same signals for the same events however often its state was saved in between.
// An analytic that has not seen enough yet is cold: it gives no signals and says so.
//
// The engines are named in engines.go. Three ways of remembering serve them: habits,
// counted in days (profile.go); windows of moments, for bursts (window.go); and amounts
// in small buckets of time (volume.go). Each lies in a table that is bounded (table.go).
// What users know of the world is read in world.go and mmdb.go. Nothing here reads a
// file or a clock.
package analytic

import (
	"time"
)

// Activity is one event as analytics look at it. Its texts may be views of a buffer
// that is used again: who keeps one has to clone it.
type Activity struct {
	ID        string
	Time      time.Time
	Account   string // that the event is about
	Region    string
	Service   string // s3.amazonaws.com
	Name      string // GetObject
	EventType string // AwsApiCall, AwsConsoleSignIn …
	Error     string
	SourceIP  string // or the name of a service
	UserAgent string
	ReadOnly  bool
	Data      bool // a data event (eventCategory)

	// Who did it. Principal is the ARN without what changes from session to session
	// (arn:aws:iam::1:role/deploy for every session of that role); empty where the
	// record has none.
	Principal     string
	PrincipalType string // IAMUser, AssumedRole, Root, AWSService …
	ARN           string // as recorded, with the session
	Session       string // name of the role session
	OwnAccount    string // of the principal
	AccessKey     string
	InvokedBy     string // the service that called on the principal's behalf
	VPCEndpoint   string

	Record Record

	facts facts
}

// Record gives the other fields of the event, at dotted paths. It is asked rarely:
// looking costs a walk through the record.
type Record interface {
	// Text is the text at a path, the first where the path leads through lists; "" where
	// there is none.
	Text(path string) string
	// Texts are all of them.
	Texts(path string) []string
	// JSON is the raw text of what stands at the path; nil where nothing does.
	JSON(path string) []byte
}

// Signal is what an analytic found.
type Signal struct {
	At       Activity // the event that decided it; its texts are cloned, its Record is nil
	Resource string   // what it is about, where that is not who did it
	Message  string   // what was seen, with its figures
	First    time.Time
	Last     time.Time
	Count    int
	Events   []string // ids, a hundred at most, in order of time
	// Steps is by how many steps it is graver than the detection's own severity; below
	// zero it is milder.
	Steps int
	// Techniques are those of ATT&CK where the signal knows better than the detection.
	Techniques []string
}

// Analytic is one small engine.
type Analytic interface {
	// Wants tells quickly and without state whether an event matters to it at all. It
	// is called on several goroutines at once.
	Wants(a *Activity) bool
	// Observe takes one event that it wants.
	Observe(a *Activity, yield func(Signal))
	// Advance says that nothing older than the instant is likely to come.
	Advance(at time.Time, yield func(Signal))
	// Save and Load write the state down and read it back; the same state gives the
	// same bytes.
	Save() ([]byte, error)
	Load(data []byte) error
	// Cold says what it has not seen enough of yet; "" where it works.
	Cold() string
}

// Limited is an analytic that may lack something of its World. All of this package
// are.
type Limited interface {
	// Lacks says what it misses and what that costs; "" where it has all it can use. If
	// off, it finds nothing at all until it is given that, and Cold says the same.
	Lacks() (what string, off bool)
}
