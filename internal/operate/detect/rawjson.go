package detect

import (
	"bytes"
	"encoding/json"
	"strings"
)

// rawAt gives the JSON text at a dotted path through objects, nil where there is
// nothing. It is for texts of which nothing is known yet and speed does not matter.
func rawAt(text []byte, path string) []byte {
	if path == "" {
		return bytes.TrimSpace(text)
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(text, &members) != nil {
		return nil
	}
	// The longest name first: a member's own name may have dots in it.
	for end := len(path); end > 0; end = strings.LastIndexByte(path[:end], '.') {
		if inner, ok := members[path[:end]]; ok {
			if found := rawAt(inner, strings.TrimPrefix(path[end:], ".")); found != nil {
				return found
			}
		}
	}
	return nil
}
