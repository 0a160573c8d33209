package digest

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
)

// The names CloudTrail gives to what it stores beside a digest.
const (
	metaSignature  = "signature"
	metaAlgorithm  = "signature-algorithm"
	metaGeneration = "backfill-generation-timestamp"

	signatureAlgorithm = "SHA256withRSA"
	hashAlgorithm      = "SHA-256"
)

// expected is what the next newer digest says of one.
type expected struct {
	link      Link
	signature string
	trusted   bool // the newer digest is valid
}

// judged is a digest and the verdict on it.
type judged struct {
	Object
	digest *Digest // nil where it is not valid
	// hint is what an unverified digest says: good for looking further, for no verdict.
	hint *Digest
}

// judge reads one digest and checks it: format, place, signature, and that it is the
// one which the next newer digest names. Where no signature of it was saved, the one
// in the newer digest serves.
func (v *Verifier) judge(ctx context.Context, c *Chain, l Location, want *expected) judged {
	j := judged{Object: Object{Location: l, Kind: KindDigest, Status: Valid}}
	refuse := func(s Status, reason string) judged {
		j.Status, j.Reason, j.digest = s, reason, nil
		return j
	}
	d, metadata, err := v.load(ctx, l)
	if err != nil {
		return refuse(unread(err))
	}
	if d.Location != l {
		return refuse(Invalid, fmt.Sprintf("has been moved from its original location %s", d.Location))
	}
	signature, ok := metadata[metaSignature]
	if metadata != nil && !ok {
		return refuse(Invalid, "signature verification failed: there is no signature among the object's metadata")
	}
	if !ok && want != nil {
		signature, ok = want.signature, true
	}
	if !ok {
		j.hint = d
		return refuse(Unverified, "no signature of it is known: none was saved, and no valid newer digest has it")
	}
	for _, algorithm := range []string{d.Algorithm, metadata[metaAlgorithm]} {
		if algorithm != "" && algorithm != signatureAlgorithm {
			return refuse(Invalid, fmt.Sprintf("its signature algorithm is %q; %s is the one there is", algorithm, signatureAlgorithm))
		}
	}
	key, err := v.key(ctx, c, d.Fingerprint, metadata)
	if err != nil {
		return refuse(keyless(err, c, d))
	}
	if err := verify(key, d, signature); err != nil {
		if _, own := metadata[metaSignature]; !own {
			err = fmt.Errorf("%w (with the signature that the next newer digest names)", err)
		}
		return refuse(Invalid, err.Error())
	}
	if want != nil && want.trusted {
		if err := want.is(d, signature); err != nil {
			return refuse(Invalid, err.Error())
		}
	}
	j.digest = d
	return j
}

// load reads a digest and the metadata beside it.
func (v *Verifier) load(ctx context.Context, l Location) (*Digest, map[string]string, error) {
	r, closer, metadata, err := open(ctx, v.Objects, l)
	if err != nil {
		return nil, nil, err
	}
	defer closer.Close()
	text, err := textOf(r)
	if err != nil {
		return nil, nil, err
	}
	d, err := Parse(text)
	if err != nil {
		// No cause of what was read is one of reading.
		return nil, nil, errors.New(strings.TrimPrefix(strings.TrimPrefix(err.Error(), "jsontext: "), "json: "))
	}
	return d, metadata, nil
}

// key finds the key a digest names. A backfill digest is signed long after the time
// it speaks for.
func (v *Verifier) key(ctx context.Context, c *Chain, fingerprint string, metadata map[string]string) (*rsa.PublicKey, error) {
	from, to := c.keysBetween(v.Window)
	key, err := v.Keys.Find(ctx, c.Region, fingerprint, from, to)
	if !c.Backfill || !errors.Is(err, ErrNoKey) {
		return key, err
	}
	at, timeErr := time.Parse(time.RFC3339, metadata[metaGeneration])
	if timeErr != nil {
		return nil, err
	}
	return v.Keys.Find(ctx, c.Region, fingerprint, at.Add(-time.Hour), at.Add(time.Hour))
}

// keysBetween is the time whose keys a chain may use.
func (c *Chain) keysBetween(w Window) (from, to time.Time) {
	from, to = w.Start, w.End
	if len(c.Listed) > 0 && !c.Stray {
		if from.IsZero() {
			from = c.Listed[0].At.Add(-2 * time.Hour)
		}
		if to.IsZero() {
			to = c.Listed[len(c.Listed)-1].At
		}
	}
	if !to.IsZero() {
		to = to.Add(2 * time.Hour)
	}
	return from, to
}

// keyless is the verdict on a digest whose key there is not.
func keyless(err error, c *Chain, d *Digest) (Status, string) {
	var unusable *KeyError
	switch {
	case errors.Is(err, ErrNoKey):
		return Invalid, fmt.Sprintf("public key not found in Region %s for fingerprint %s", c.Region, d.Fingerprint)
	case errors.As(err, &unusable):
		return Invalid, err.Error()
	}
	return Unknown, fmt.Sprintf("the public keys of Region %s could not be asked for: %v", c.Region, err)
}

// verify checks the signature of a digest.
func verify(key *rsa.PublicKey, d *Digest, signature string) error {
	raw, err := hex.DecodeString(signature)
	if err != nil {
		return errors.New("signature verification failed: the signature is not hexadecimal")
	}
	sum := sha256.Sum256(d.signed())
	if err := rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], raw); err != nil {
		return errors.New("signature verification failed")
	}
	return nil
}

// is compares a digest with what the next newer one says of it.
func (e *expected) is(d *Digest, signature string) error {
	if !strings.EqualFold(e.signature, signature) {
		return errors.New("its signature is not the one that the next newer digest names")
	}
	if e.link.Algorithm != "" && e.link.Algorithm != hashAlgorithm {
		return fmt.Errorf("the next newer digest names the hash algorithm %q; SHA-256 is the one there is", e.link.Algorithm)
	}
	if e.link.Hash != "" && !strings.EqualFold(e.link.Hash, hex.EncodeToString(d.Sum[:])) {
		return errors.New("its hash is not the one that the next newer digest names")
	}
	return nil
}
