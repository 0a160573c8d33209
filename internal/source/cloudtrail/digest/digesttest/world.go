// Package digesttest makes log buckets as CloudTrail fills them, digests signed with
// keys of its own included. The same calls give the same bytes.
package digesttest

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"

	"holdfast.dev/holdfast/internal/source/cloudtrail/digest"
)

// World is what lies in buckets.
type World struct {
	Objects  map[digest.Location][]byte
	Metadata map[digest.Location]map[string]string
	// SPKI are the Regions whose key is listed in SubjectPublicKeyInfo form.
	SPKI    map[string]bool
	regions map[string]bool
}

// New is a world without objects.
func New() *World {
	return &World{map[digest.Location][]byte{}, map[digest.Location]map[string]string{}, map[string]bool{}, map[string]bool{}}
}

// Spec says what one chain is like. Zero fields take a default.
type Spec struct {
	Bucket, Prefix, Organization string
	Account, Region, Trail, Home string
	Start                        time.Time // of the first digest
	Hours                        int
	Logs                         int // an hour; -1 is none
	Records                      int // a log
	Backfill                     bool
	Restart                      []int // hours that begin a new chain
	Skip                         []int // hours without a digest, since logging was off
	Generated                    time.Time
	Content                      func(hour, log int) []byte
	MutateDigest                 func(hour int, d map[string]any)
}

// Start is when chains begin.
var Start = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

func (s Spec) orDefault() Spec {
	set := func(v *string, d string) {
		if *v == "" {
			*v = d
		}
	}
	set(&s.Bucket, "org-logs")
	set(&s.Account, "111122223333")
	set(&s.Region, "eu-west-1")
	set(&s.Trail, "main")
	set(&s.Home, "eu-west-1")
	if s.Start.IsZero() {
		s.Start = Start
	}
	if s.Hours == 0 {
		s.Hours = 5
	}
	if s.Logs == 0 {
		s.Logs = 2
	}
	if s.Records == 0 {
		s.Records = 3
	}
	if s.Generated.IsZero() {
		s.Generated = s.Start.Add(30 * 24 * time.Hour)
	}
	return s
}

// Chain is what one Spec became. Hours without a digest are zero.
type Chain struct {
	Digests []digest.Location
	Logs    [][]digest.Location
}

// Chain fills a bucket with one chain.
func (w *World) Chain(s Spec) *Chain {
	s = s.orDefault()
	w.regions[s.Region] = true
	c := &Chain{}
	var previous *made
	for hour := range s.Hours {
		if slices.Contains(s.Skip, hour) {
			previous = nil
			c.Digests, c.Logs = append(c.Digests, digest.Location{}), append(c.Logs, nil)
			continue
		}
		if slices.Contains(s.Restart, hour) {
			previous = nil
		}
		logs, listed := w.logs(s, hour)
		previous = w.digest(s, hour, listed, previous)
		c.Digests, c.Logs = append(c.Digests, previous.at), append(c.Logs, logs)
	}
	return c
}

// folder is where a service keeps objects of an hour.
func (s Spec) folder(kind string, at time.Time) string {
	parts := []string{"AWSLogs"}
	if s.Prefix != "" {
		parts = []string{s.Prefix, "AWSLogs"}
	}
	if s.Organization != "" {
		parts = append(parts, s.Organization)
	}
	return strings.Join(append(parts, s.Account, kind, s.Region, at.Format("2006/01/02")), "/")
}

func (w *World) logs(s Spec, hour int) ([]digest.Location, []any) {
	var at []digest.Location
	listed := []any{}
	for i := range max(0, s.Logs) {
		delivered := s.Start.Add(time.Duration(hour)*time.Hour + time.Duration(i)*time.Minute)
		mark := sha256.Sum256(fmt.Append(nil, s.Account, s.Region, s.Trail, s.Backfill, hour, i))
		l := digest.Location{Bucket: s.Bucket, Key: fmt.Sprintf("%s/%s_CloudTrail_%s_%s_%X.json.gz", s.folder("CloudTrail", delivered), s.Account, s.Region, delivered.Format("20060102T1504Z"), mark[:8])}
		var text []byte
		if s.Content != nil {
			text = s.Content(hour, i)
		} else {
			text = records(s, delivered, mark[:], s.Records)
		}
		w.Objects[l] = Gzip(text, gzip.DefaultCompression)
		sum := sha256.Sum256(text)
		at = append(at, l)
		listed = append(listed, map[string]any{
			"s3Bucket": l.Bucket, "s3Object": l.Key, "hashValue": hex.EncodeToString(sum[:]), "hashAlgorithm": "SHA-256",
			"newestEventTime": delivered.Format(time.RFC3339), "oldestEventTime": delivered.Add(-5 * time.Minute).Format(time.RFC3339),
		})
	}
	return at, listed
}

func records(s Spec, at time.Time, mark []byte, n int) []byte {
	var b bytes.Buffer
	b.WriteString(`{"Records":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"eventVersion":"1.11","userIdentity":{"type":"AssumedRole","accountId":"%s"},"eventTime":"%s","eventSource":"s3.amazonaws.com","eventName":"ListBuckets","awsRegion":"%s","sourceIPAddress":"192.0.2.%d","eventID":"%x-%d","recipientAccountId":"%s"}`,
			s.Account, at.Format(time.RFC3339), s.Region, i%250+1, mark[:8], i, s.Account)
	}
	b.WriteString(`]}`)
	return b.Bytes()
}

// made is what the next digest says of this one.
type made struct {
	at        digest.Location
	hash      string
	signature string
}

func (w *World) digest(s Spec, hour int, logs []any, previous *made) *made {
	start := s.Start.Add(time.Duration(hour) * time.Hour)
	end := start.Add(time.Hour)
	suffix := ""
	if s.Backfill {
		suffix = "_backfill"
	}
	l := digest.Location{Bucket: s.Bucket, Key: fmt.Sprintf("%s/%s_CloudTrail-Digest_%s_%s_%s_%s%s.json.gz",
		s.folder("CloudTrail-Digest", end), s.Account, s.Region, s.Trail, s.Home, end.Format("20060102T150405Z"), suffix)}
	d := map[string]any{
		"awsAccountId": s.Account, "digestStartTime": start.Format(time.RFC3339), "digestEndTime": end.Format(time.RFC3339),
		"digestS3Bucket": l.Bucket, "digestS3Object": l.Key,
		"digestPublicKeyFingerprint": digest.Fingerprint(w.der(s.Region)), "digestSignatureAlgorithm": "SHA256withRSA",
		"newestEventTime": nil, "oldestEventTime": nil, "logFiles": logs,
		"previousDigestS3Bucket": nil, "previousDigestS3Object": nil, "previousDigestHashValue": nil,
		"previousDigestHashAlgorithm": nil, "previousDigestSignature": nil,
	}
	if previous != nil {
		maps.Copy(d, map[string]any{
			"previousDigestS3Bucket": previous.at.Bucket, "previousDigestS3Object": previous.at.Key, "previousDigestHashValue": previous.hash,
			"previousDigestHashAlgorithm": "SHA-256", "previousDigestSignature": previous.signature,
		})
	}
	if s.MutateDigest != nil {
		s.MutateDigest(hour, d)
	}
	text, err := json.Marshal(d)
	if err != nil {
		panic(err) // a test gave a value that is none of JSON
	}
	m := w.sign(s.Region, l, d, text)
	w.Metadata[l] = map[string]string{"signature": m.signature, "signature-algorithm": "SHA256withRSA"}
	if s.Backfill {
		w.Metadata[l]["backfill-generation-timestamp"] = s.Generated.Format(time.RFC3339)
	}
	return m
}

// sign lays the text of a digest down and signs it with the key of a Region.
func (w *World) sign(region string, l digest.Location, d map[string]any, text []byte) *made {
	sum := sha256.Sum256(text)
	previous, ok := d["previousDigestSignature"].(string)
	if !ok {
		previous = "null"
	}
	signed := fmt.Sprintf("%s\n%s/%s\n%x\n%s", d["digestEndTime"], d["digestS3Bucket"], d["digestS3Object"], sum, previous)
	hash := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(nil, PrivateKey(region), crypto.SHA256, hash[:])
	if err != nil {
		panic(err)
	}
	w.Objects[l] = Gzip(text, gzip.DefaultCompression)
	return &made{l, hex.EncodeToString(sum[:]), hex.EncodeToString(signature)}
}

// der is the public key of a Region as ListPublicKeys answers it.
func (w *World) der(region string) []byte {
	public := &PrivateKey(region).PublicKey
	if !w.SPKI[region] {
		return x509.MarshalPKCS1PublicKey(public)
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		panic(err)
	}
	return der
}

// PublicKeys is the answer of ListPublicKeys for Regions; none is all there are.
func (w *World) PublicKeys(regions ...string) []byte {
	if len(regions) == 0 {
		regions = slices.Sorted(maps.Keys(w.regions))
	}
	list := []map[string]string{}
	for _, r := range regions {
		der := w.der(r)
		list = append(list, map[string]string{
			"Value": base64.StdEncoding.EncodeToString(der), "Fingerprint": digest.Fingerprint(der),
			"ValidityStartTime": "2026-01-01T00:00:00+00:00", "ValidityEndTime": "2027-01-01T00:00:00+00:00",
		})
	}
	text, err := json.MarshalIndent(map[string]any{"PublicKeyList": list}, "", " ")
	if err != nil {
		panic(err)
	}
	return text
}

// DER are the keys of a Region, as the API answers them.
func (w *World) DER(region string) [][]byte { return [][]byte{w.der(region)} }

// Mirror writes the world into a folder.
func (w *World) Mirror(dir string) error {
	for l, data := range w.Objects {
		name := filepath.Join(dir, "objects", l.Bucket, filepath.FromSlash(l.Key))
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(name, data, 0o600); err != nil {
			return err
		}
	}
	metadata := map[string]map[string]string{}
	for l, m := range w.Metadata {
		metadata[l.String()] = m
	}
	text, err := json.MarshalIndent(metadata, "", " ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "metadata.json"), text, 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "public_keys.json"), w.PublicKeys(), 0o600)
}

// Gzip compresses.
func Gzip(text []byte, level int) []byte {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, level)
	if err != nil {
		panic(err)
	}
	if _, err := z.Write(text); err != nil {
		panic(err)
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// Gunzip decompresses what Gzip compressed.
func Gunzip(data []byte) []byte {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		panic(err)
	}
	var b bytes.Buffer
	if _, err := b.ReadFrom(z); err != nil {
		panic(err)
	}
	return b.Bytes()
}

var keys sync.Map // Region → func() *rsa.PrivateKey

// PrivateKey is the key of a Region. It follows from the Region's name: nobody else
// signs with it, and nothing is secured by it.
func PrivateKey(region string) *rsa.PrivateKey {
	made, _ := keys.LoadOrStore(region, sync.OnceValue(func() *rsa.PrivateKey { return makeKey(region) }))
	return made.(func() *rsa.PrivateKey)()
}

func makeKey(region string) *rsa.PrivateKey {
	e := big.NewInt(65537)
	one := big.NewInt(1)
	p, q := prime(region+" p", e), prime(region+" q", e)
	phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
	key := &rsa.PrivateKey{
		PublicKey: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: 65537},
		D:         new(big.Int).ModInverse(e, phi), Primes: []*big.Int{p, q},
	}
	key.Precompute()
	if err := key.Validate(); err != nil {
		panic(err)
	}
	return key
}

// prime is the first of 1,024 bits after a number that follows from a name.
func prime(name string, e *big.Int) *big.Int {
	var start []byte
	for i := range uint32(4) {
		sum := sha256.Sum256(binary.BigEndian.AppendUint32([]byte(name), i))
		start = append(start, sum[:]...)
	}
	start[0] |= 0xc0
	start[len(start)-1] |= 1
	two, one := big.NewInt(2), big.NewInt(1)
	for p := new(big.Int).SetBytes(start); ; p.Add(p, two) {
		if p.ProbablyPrime(8) && new(big.Int).GCD(nil, nil, e, new(big.Int).Sub(p, one)).Cmp(one) == 0 {
			return p
		}
	}
}
