package digest

import (
	"context"
	"crypto/md5" //nolint:gosec // CloudTrail names its keys by it; nothing is secured with it
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxKeys bounds a file with public keys; one key is about 700 bytes.
const maxKeys = 64 << 20

// Key is one public key of CloudTrail.
type Key struct {
	Fingerprint string
	From, To    time.Time // in use between; zero where it is not said
	Public      *rsa.PublicKey
	Fault       string // why it cannot be used
}

// ParseKey reads a key as ListPublicKeys answers it: DER of PKCS #1, or, as one in
// AWS's own sample, of SubjectPublicKeyInfo.
func ParseKey(der []byte) (*rsa.PublicKey, error) {
	if key, err := x509.ParsePKCS1PublicKey(der); err == nil {
		return key, nil
	}
	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, errors.New("it is an RSA key neither in PKCS #1 nor in SubjectPublicKeyInfo form")
	}
	public, ok := key.(*rsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("it is a %T, and CloudTrail signs with RSA", key)
	}
	return public, nil
}

// Fingerprint is the name of a key: the MD5 of its bytes.
func Fingerprint(der []byte) string {
	sum := md5.Sum(der) //nolint:gosec // see the import
	return hex.EncodeToString(sum[:])
}

// Keys are public keys in a file. The Region that answered them is not in there.
type Keys struct{ list map[string][]Key }

// ReadKeys reads the answer of ListPublicKeys. Keys that cannot be used are kept with
// the reason: a digest may name them.
func ReadKeys(r io.Reader) (*Keys, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxKeys+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxKeys {
		return nil, fmt.Errorf("it is larger than %d MiB", maxKeys>>20)
	}
	var answer struct {
		List *[]struct {
			Value       string         `json:"Value"`
			Fingerprint string         `json:"Fingerprint"`
			From        jsontext.Value `json:"ValidityStartTime"`
			To          jsontext.Value `json:"ValidityEndTime"`
		} `json:"PublicKeyList"`
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return nil, fmt.Errorf("not the answer of ListPublicKeys: %w", err)
	}
	if answer.List == nil {
		return nil, errors.New(`not the answer of ListPublicKeys: it has no "PublicKeyList"`)
	}
	k := &Keys{list: map[string][]Key{}}
	for i, raw := range *answer.List {
		from, err := instant(raw.From)
		if err != nil {
			return nil, fmt.Errorf("PublicKeyList[%d].ValidityStartTime: %w", i, err)
		}
		to, err := instant(raw.To)
		if err != nil {
			return nil, fmt.Errorf("PublicKeyList[%d].ValidityEndTime: %w", i, err)
		}
		k.Add(keyOf(raw.Value, raw.Fingerprint, from, to))
	}
	return k, nil
}

// keyOf checks one key of a file.
func keyOf(value, fingerprint string, from, to time.Time) Key {
	key := Key{Fingerprint: strings.ToLower(fingerprint), From: from, To: to}
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(value), ""))
	if err != nil {
		key.Fault = "its value is not base64"
		return key
	}
	if own := Fingerprint(der); key.Fingerprint == "" {
		key.Fingerprint = own
	} else if own != key.Fingerprint {
		key.Fault = fmt.Sprintf("the MD5 of its bytes is %s", own)
		return key
	}
	if key.Public, err = ParseKey(der); err != nil {
		key.Fault = err.Error()
	}
	return key
}

// Add takes one key.
func (k *Keys) Add(key Key) {
	if k.list == nil {
		k.list = map[string][]Key{}
	}
	k.list[key.Fingerprint] = append(k.list[key.Fingerprint], key)
}

// Len is how many fingerprints there are keys for.
func (k *Keys) Len() int { return len(k.list) }

// Find implements PublicKeys.
func (k *Keys) Find(_ context.Context, _, fingerprint string, from, to time.Time) (*rsa.PublicKey, error) {
	err := ErrNoKey
	for _, key := range k.list[strings.ToLower(fingerprint)] {
		if !key.To.IsZero() && !from.IsZero() && key.To.Before(from) || !key.From.IsZero() && !to.IsZero() && key.From.After(to) {
			continue
		}
		if key.Fault == "" {
			return key.Public, nil
		}
		err = &KeyError{key.Fingerprint, key.Fault}
	}
	return nil, err
}

// instant reads a time as the AWS CLI prints it, or as the API answers it.
func instant(v jsontext.Value) (time.Time, error) {
	switch v.Kind() {
	case 0, 'n':
		return time.Time{}, nil
	case '0':
		var seconds float64
		if err := json.Unmarshal(v, &seconds); err != nil {
			return time.Time{}, err
		}
		if seconds > 1e11 { // milliseconds, as some SDKs print them
			seconds /= 1000
		}
		if seconds < -1e11 || seconds > 1e11 {
			return time.Time{}, fmt.Errorf("%s is not a time", v)
		}
		return time.UnixMilli(int64(seconds * 1000)).UTC(), nil
	case '"':
		var text string
		if err := json.Unmarshal(v, &text); err != nil {
			return time.Time{}, err
		}
		for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05"} {
			if at, err := time.Parse(layout, text); err == nil {
				return at, nil
			}
		}
		return time.Time{}, fmt.Errorf("%q is not a time", text)
	}
	return time.Time{}, fmt.Errorf("%.40s is not a time", v)
}
