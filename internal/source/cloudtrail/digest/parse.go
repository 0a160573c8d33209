package digest

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxDigest bounds a digest, uncompressed. One of an hour with ten thousand log files
// is about 5 MB.
const maxDigest = 64 << 20

// Digest is one digest file. What it says is worth nothing before its signature holds.
type Digest struct {
	Start, End           time.Time
	EndText              string // verbatim: it is signed
	Location             Location
	Fingerprint          string
	Algorithm            string // of the signature; empty where it is not said
	Previous             *Link  // nil in the first digest of a chain
	PreviousSignature    string
	hasPreviousSignature bool
	Logs                 []Log
	Sum                  [sha256.Size]byte // of the digest, uncompressed
}

// Link is what a digest says of the one before.
type Link struct {
	Location  Location
	Hash      string
	Algorithm string
}

// Log is a log file as a digest lists it.
type Log struct {
	Location  Location
	Hash      string
	Algorithm string
}

type rawDigest struct {
	Start             *string        `json:"digestStartTime"`
	End               *string        `json:"digestEndTime"`
	Bucket            *string        `json:"digestS3Bucket"`
	Object            *string        `json:"digestS3Object"`
	Fingerprint       *string        `json:"digestPublicKeyFingerprint"`
	Algorithm         string         `json:"digestSignatureAlgorithm"`
	PreviousBucket    *string        `json:"previousDigestS3Bucket"`
	PreviousObject    *string        `json:"previousDigestS3Object"`
	PreviousHash      string         `json:"previousDigestHashValue"`
	PreviousAlgorithm string         `json:"previousDigestHashAlgorithm"`
	PreviousSignature jsontext.Value `json:"previousDigestSignature"`
	Logs              []struct {
		Bucket    *string `json:"s3Bucket"`
		Object    *string `json:"s3Object"`
		Hash      *string `json:"hashValue"`
		Algorithm string  `json:"hashAlgorithm"`
	} `json:"logFiles"`
}

// Parse reads the uncompressed text of a digest.
func Parse(text []byte) (*Digest, error) {
	if len(text) > maxDigest {
		return nil, fmt.Errorf("it is larger than %d MiB", maxDigest>>20)
	}
	var raw rawDigest
	if err := json.Unmarshal(text, &raw); err != nil {
		return nil, err
	}
	for _, f := range []struct {
		name  string
		value *string
	}{
		{"digestStartTime", raw.Start}, {"digestEndTime", raw.End}, {"digestS3Bucket", raw.Bucket},
		{"digestS3Object", raw.Object}, {"digestPublicKeyFingerprint", raw.Fingerprint},
	} {
		if f.value == nil {
			return nil, fmt.Errorf("it has no %s", f.name)
		}
	}
	d := &Digest{
		EndText: *raw.End, Location: Location{*raw.Bucket, *raw.Object}, Fingerprint: *raw.Fingerprint,
		Algorithm: raw.Algorithm, Sum: sha256.Sum256(text),
	}
	var err error
	if d.Start, err = time.Parse(time.RFC3339, *raw.Start); err != nil {
		return nil, fmt.Errorf("digestStartTime: %q is not a time", *raw.Start)
	}
	if d.End, err = time.Parse(time.RFC3339, *raw.End); err != nil {
		return nil, fmt.Errorf("digestEndTime: %q is not a time", *raw.End)
	}
	return d, d.rest(&raw)
}

// rest reads what leads elsewhere: to the digest before and to the logs.
func (d *Digest) rest(raw *rawDigest) error {
	switch raw.PreviousSignature.Kind() {
	case 'n':
	case '"':
		if err := json.Unmarshal(raw.PreviousSignature, &d.PreviousSignature); err != nil {
			return fmt.Errorf("previousDigestSignature: %w", err)
		}
		d.hasPreviousSignature = true
	case 0:
		return errors.New("it has no previousDigestSignature")
	default:
		return errors.New("previousDigestSignature is neither a text nor null")
	}
	if raw.PreviousBucket != nil && raw.PreviousObject != nil {
		d.Previous = &Link{Location{*raw.PreviousBucket, *raw.PreviousObject}, raw.PreviousHash, raw.PreviousAlgorithm}
	}
	d.Logs = make([]Log, 0, len(raw.Logs))
	for i, l := range raw.Logs {
		if l.Bucket == nil || l.Object == nil || l.Hash == nil {
			return fmt.Errorf("logFiles[%d] lacks s3Bucket, s3Object or hashValue", i)
		}
		d.Logs = append(d.Logs, Log{Location{*l.Bucket, *l.Object}, *l.Hash, l.Algorithm})
	}
	return nil
}

// signed is the text that CloudTrail signs.
func (d *Digest) signed() []byte {
	previous := "null"
	if d.hasPreviousSignature {
		previous = d.PreviousSignature
	}
	return fmt.Appendf(nil, "%s\n%s/%s\n%x\n%s", d.EndText, d.Location.Bucket, d.Location.Key, d.Sum, previous)
}
