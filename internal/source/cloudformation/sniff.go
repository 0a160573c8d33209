package cloudformation

import (
	"bytes"
	"regexp"
)

// IsTemplate tells cheaply, without parsing, whether data looks like a
// CloudFormation template: it has AWSTemplateFormatVersion at its top, or
// Resources of which one has a Type such as AWS::S3::Bucket. A walker passes
// over everything else that is JSON or YAML.
func IsTemplate(data []byte) bool {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if bytes.HasPrefix(data, []byte{0xff, 0xfe}) || bytes.HasPrefix(data, []byte{0xfe, 0xff}) {
		data = []byte(decodeUTF16(data))
	}
	trimmed := bytes.TrimLeft(data, " \t\r\n")
	if len(trimmed) == 0 {
		return false
	}
	if trimmed[0] == '{' {
		return sniffJSON(trimmed) || sniffFlow(trimmed)
	}
	return sniffYAML(data)
}

var (
	versionLine   = regexp.MustCompile(`(?m)^["']?AWSTemplateFormatVersion["']?\s*:`)
	resourcesLine = regexp.MustCompile(`(?m)^["']?Resources["']?\s*:`)
	typeLine      = regexp.MustCompile(`(?m)^\s+(?:.*[\s{,])?["']?Type["']?\s*:\s*["']?\w+::\w+`)
	flowVersion   = regexp.MustCompile(`^\{\s*'?AWSTemplateFormatVersion'?\s*:`)
	flowResources = regexp.MustCompile(`^\{\s*'?Resources'?\s*:`)
)

func sniffYAML(data []byte) bool {
	if bytes.Contains(data, []byte("AWSTemplateFormatVersion")) && versionLine.Match(data) {
		return true
	}
	if !bytes.Contains(data, []byte("Resources")) || !bytes.Contains(data, []byte("::")) {
		return false
	}
	at := resourcesLine.FindIndex(data)
	return at != nil && typeLine.Match(data[at[1]:])
}

// sniffFlow is for YAML that begins with a brace and is not JSON.
func sniffFlow(data []byte) bool {
	return flowVersion.Match(data) || flowResources.Match(data) && bytes.Contains(data, []byte("::"))
}

// sniffJSON looks at the keys of the top three levels and skips all the rest.
// It believes what it reads until the data ends, which may be early.
func sniffJSON(data []byte) bool {
	depth, inResources := 0, false
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case '"':
			text, end, ok := rawString(data, i)
			if !ok {
				return false
			}
			i = end
			value, isKey := afterColon(data, end+1)
			switch {
			case !isKey:
			case depth == 1 && text == "AWSTemplateFormatVersion":
				return true
			case depth == 1:
				inResources = text == "Resources" && value < len(data) && data[value] == '{'
			case depth == 3 && inResources && text == "Type" && value < len(data) && data[value] == '"':
				typ, _, ok := rawString(data, value)
				if ok && bytes.Contains([]byte(typ), []byte("::")) {
					return true
				}
			}
		}
	}
	return false
}

// rawString is the text between the quote at i and the next that is not
// escaped.
func rawString(data []byte, i int) (text string, end int, ok bool) {
	for j := i + 1; j < len(data); j++ {
		switch data[j] {
		case '\\':
			j++
		case '"':
			if j-i > 64 { // longer than any name looked for
				return "", j, true
			}
			return string(data[i+1 : j]), j, true
		}
	}
	return "", len(data), false
}

// afterColon is where the value begins if a colon follows.
func afterColon(data []byte, i int) (at int, ok bool) {
	for ; i < len(data); i++ {
		switch data[i] {
		case ' ', '\t', '\r', '\n':
			continue
		case ':':
			for i++; i < len(data) && bytes.IndexByte([]byte(" \t\r\n"), data[i]) >= 0; i++ {
			}
			return i, true
		}
		return i, false
	}
	return i, false
}
