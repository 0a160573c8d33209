package evidence

import (
	"crypto/sha256"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// unknownKey marks an Unknown in canonical JSON. An observed object that
// happens to have this one key gains a dollar sign, which decoding takes off
// again, so that no input can forge or lose an Unknown.
const unknownKey = "$unknown"

// Digest identifies content: SHA-256 over canonical JSON.
type Digest [sha256.Size]byte

// String is the digest in lower-case hex.
func (d Digest) String() string { return fmt.Sprintf("%x", d[:]) }

// Digest is the identity of what the resource looks like; when and by whom it
// was observed does not count.
func (r *Resource) Digest() (Digest, error) {
	b, err := AppendResource(nil, r)
	if err != nil {
		return Digest{}, err
	}
	return sha256.Sum256(b), nil
}

// AppendResource appends the canonical JSON of r, without its time and source.
func AppendResource(b []byte, r *Resource) ([]byte, error) {
	doc := map[string]any{"type": r.Type, "id": r.ID, "properties": map[string]any(r.Properties)}
	for name, v := range map[string]string{"arn": r.ARN, "account": r.Account, "region": r.Region, "partition": r.Partition} {
		if v != "" {
			doc[name] = v
		}
	}
	if len(r.Tags) > 0 {
		tags := make(map[string]any, len(r.Tags))
		for k, v := range r.Tags {
			tags[k] = v
		}
		doc["tags"] = tags
	}
	return Append(b, doc)
}

// Append appends the canonical JSON (RFC 8785) of a property value. Integers
// keep all their digits, which RFC 8785 leaves to the sender.
func Append(b []byte, v any) ([]byte, error) {
	return appendValue(b, v, 0)
}

// maxDepth bounds nesting in both directions; AWS documents stay far below.
const maxDepth = 128

func appendValue(b []byte, v any, depth int) ([]byte, error) {
	if depth > maxDepth {
		return b, fmt.Errorf("value is nested more than %d levels deep", maxDepth)
	}
	switch v := v.(type) {
	case nil:
		return append(b, "null"...), nil
	case bool:
		return strconv.AppendBool(b, v), nil
	case int64:
		return strconv.AppendInt(b, v, 10), nil
	case float64:
		return appendFloat(b, v)
	case string:
		return appendString(b, v), nil
	case []any:
		return appendList(b, v, depth)
	case map[string]any:
		return appendObject(b, v, depth)
	case Unknown:
		return appendUnknown(b, v), nil
	}
	return b, fmt.Errorf("a property cannot hold a %T", v)
}

func appendList(b []byte, list []any, depth int) ([]byte, error) {
	b = append(b, '[')
	var err error
	for i, e := range list {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = appendValue(b, e, depth+1); err != nil {
			return b, fmt.Errorf("[%d]: %w", i, err)
		}
	}
	return append(b, ']'), nil
}

func appendObject(b []byte, object map[string]any, depth int) ([]byte, error) {
	var few [16]string
	keys := few[:0]
	for k := range object {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, compareUTF16)
	escape := len(keys) == 1 && looksUnknown(keys[0])
	b = append(b, '{')
	var err error
	for i, k := range keys {
		if i > 0 {
			b = append(b, ',')
		}
		name := k
		if escape {
			name = "$" + k
		}
		b = append(appendString(b, name), ':')
		if b, err = appendValue(b, object[k], depth+1); err != nil {
			return b, fmt.Errorf("%s: %w", k, err)
		}
	}
	return append(b, '}'), nil
}

func appendUnknown(b []byte, u Unknown) []byte {
	b = append(b, `{"`+unknownKey+`":{`...)
	if u.Prefix != "" {
		b = append(appendString(append(b, `"prefix":`...), u.Prefix), ',')
	}
	if u.Present {
		b = append(b, `"present":true,`...)
	}
	b = appendString(append(b, `"reason":`...), u.Reason)
	if u.Ref != "" {
		b = appendString(append(b, `,"ref":`...), u.Ref)
	}
	if u.Suffix != "" {
		b = appendString(append(b, `,"suffix":`...), u.Suffix)
	}
	return append(b, "}}"...)
}

// looksUnknown matches one or more dollar signs before "unknown".
func looksUnknown(key string) bool {
	rest := strings.TrimLeft(key, "$")
	return rest == "unknown" && len(key) > len(rest)
}

// appendFloat writes numbers as ECMAScript does.
func appendFloat(b []byte, f float64) ([]byte, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return b, fmt.Errorf("%v is not a JSON number", f)
	}
	if f == 0 {
		return append(b, '0'), nil
	}
	format := byte('f')
	if abs := math.Abs(f); abs < 1e-6 || abs >= 1e21 {
		format = 'e'
	}
	start := len(b)
	b = strconv.AppendFloat(b, f, format, -1, 64)
	if format == 'e' {
		// e-09 becomes e-9
		if n := len(b); n-start >= 4 && b[n-4] == 'e' && b[n-2] == '0' {
			b[n-2] = b[n-1]
			b = b[:n-1]
		}
	}
	return b, nil
}

const hexDigits = "0123456789abcdef"

func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				b = append(append(b, s[start:i]...), "\ufffd"...)
				start = i + 1
			}
			i += size
			continue
		}
		if c >= 0x20 && c != '"' && c != '\\' {
			i++
			continue
		}
		b = appendEscape(append(b, s[start:i]...), c)
		i++
		start = i
	}
	return append(append(b, s[start:]...), '"')
}

func appendEscape(b []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\b':
		return append(b, `\b`...)
	case '\f':
		return append(b, `\f`...)
	case '\n':
		return append(b, `\n`...)
	case '\r':
		return append(b, `\r`...)
	case '\t':
		return append(b, `\t`...)
	}
	return append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}

// compareUTF16 orders keys by UTF-16 code units, as RFC 8785 wants. Byte order
// agrees with it except where surrogate pairs meet the top of the basic plane.
func compareUTF16(a, b string) int {
	for i := 0; i < len(a) && i < len(b); i++ {
		if a[i] >= 0xee || b[i] >= 0xee {
			return slices.Compare(utf16.Encode([]rune(a)), utf16.Encode([]rune(b)))
		}
		if a[i] != b[i] {
			break
		}
	}
	return strings.Compare(a, b)
}
