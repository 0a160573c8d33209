// Package digest tells whether CloudTrail's log files are those that CloudTrail
// delivered. Every hour CloudTrail lays a digest beside its logs: the hashes of the
// log files of that hour, signed with a key of the Region, and linked to the digest
// before. Walking such a chain from its newest digest back shows what was changed,
// deleted or added since.
//
// The room reads names (name.go), digests (parse.go), saved public keys
// (publickey.go) and saved signatures (sidecar.go); judges one digest (judge.go) and
// one log (log.go); walks a chain (chain.go) and many chains at a time (verify.go);
// and finds log files that no digest lists (coverage.go). Where objects and keys
// come from is behind two interfaces: a mirror in a folder (mirror.go), or AWS.
//
// Nothing in a digest is believed before its signature holds. Digests are read
// whole, up to a bound; log files are only ever streamed.
//
// Source of the rules: AWS CloudTrail User Guide, "Validating CloudTrail log file
// integrity", and what `aws cloudtrail validate-logs` does.
package digest

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"time"
)

// Location is where an object lies.
type Location struct{ Bucket, Key string }

func (l Location) String() string { return "s3://" + l.Bucket + "/" + l.Key }

// Objects are log files and digests wherever they lie.
type Objects interface {
	// Get opens an object. The metadata is what users gave it: names in lower case,
	// without x-amz-meta-; nil where it is not known, as in a mirror that did not keep
	// it. An object that is not there is fs.ErrNotExist.
	Get(context.Context, Location) (io.ReadCloser, map[string]string, error)
}

// PublicKeys are the keys that CloudTrail signs with.
type PublicKeys interface {
	// Find gives the key of a fingerprint among those in use at some time between from
	// and to, as ListPublicKeys of the Region would. Where it lists none of it, the
	// error is ErrNoKey; a KeyError is a key that cannot be used.
	Find(ctx context.Context, region, fingerprint string, from, to time.Time) (*rsa.PublicKey, error)
}

// ErrNoKey says that the Region has no public key of a fingerprint.
var ErrNoKey = errors.New("public key not found")

// KeyError is a public key that is listed and of no use.
type KeyError struct {
	Fingerprint string
	Reason      string
}

func (e *KeyError) Error() string {
	return fmt.Sprintf("the public key with fingerprint %q cannot be used: %s", e.Fingerprint, e.Reason)
}

// Kind is what an object is.
type Kind string

// The kinds of objects.
const (
	KindDigest Kind = "digest"
	KindLog    Kind = "log"
)

// Status is the verdict on an object.
type Status string

// The verdicts. The last two say that there is none.
const (
	Valid      Status = "valid"
	Invalid    Status = "invalid"
	Missing    Status = "missing"
	Unknown    Status = "unknown"    // could not be read, or the keys could not be asked for
	Unverified Status = "unverified" // a digest whose signature was not saved anywhere
)

// Object is the verdict on one object.
type Object struct {
	Location Location
	Kind     Kind
	Status   Status
	Reason   string // empty where it is valid
	Bytes    int64  // of a log, uncompressed, as far as it was read
}

// Gap is a time for which a chain says nothing.
type Gap struct {
	From, To time.Time
	Reason   string
}

// Item is one thing that came out of a chain: an object or a gap.
type Item struct {
	Chain  *Chain
	Object *Object
	Gap    *Gap
	// Start and End are the time a valid digest speaks for.
	Start, End time.Time
}

// Window bounds what is verified: digests that end from Start until an hour after
// End. Zero is open.
type Window struct{ Start, End time.Time }
