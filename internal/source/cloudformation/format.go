package cloudformation

import (
	"bytes"
	"errors"
	"strings"
	"unicode/utf16"
)

// parseTree tells JSON from YAML and reads either. It also returns the source
// where comments may hold skips (YAML), else nothing.
func parseTree(file string, data []byte, opt Options) (root *node, comments string, err error) {
	if len(data) > opt.maxBytes() {
		return nil, "", failAt(file, 0, 0, "the file has %d bytes, more than the %d that are read of a template; split it into nested stacks or raise the limit", len(data), opt.maxBytes())
	}
	src, err := decodeText(file, data)
	if err != nil {
		return nil, "", err
	}
	if !strings.HasPrefix(strings.TrimLeft(src, " \t\r\n"), "{") {
		root, err = parseYAML(file, src, opt)
		return root, src, err
	}
	root, err = parseJSON(file, src, opt)
	if err == nil || !errors.Is(err, errJSON) || strings.HasSuffix(file, ".json") {
		return root, "", err
	}
	// A YAML file may begin with a brace too.
	if fromYAML, yamlErr := parseYAML(file, src, opt); yamlErr == nil {
		return fromYAML, src, nil
	}
	return nil, "", err
}

// decodeText drops a byte order mark and turns UTF-16 into UTF-8.
func decodeText(file string, data []byte) (string, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if bytes.HasPrefix(data, []byte{0xff, 0xfe}) || bytes.HasPrefix(data, []byte{0xfe, 0xff}) {
		return decodeUTF16(data), nil
	}
	if i := bytes.IndexByte(data, 0); i >= 0 {
		return "", failAt(file, 0, 0, "byte %d is zero: the file is binary or in an encoding other than UTF-8", i)
	}
	return string(data), nil
}

func decodeUTF16(data []byte) string {
	little := data[0] == 0xff
	units := make([]uint16, 0, len(data)/2)
	for i := 2; i+1 < len(data); i += 2 {
		u := uint16(data[i])<<8 | uint16(data[i+1])
		if little {
			u = u>>8 | u<<8
		}
		units = append(units, u)
	}
	return string(utf16.Decode(units))
}
