package cli

import (
	"encoding/json"
	"io"
)

// writeJSON writes one document to where the output goes.
func (p *program) writeJSON(o output, v any) error {
	return p.write(o, func(out io.Writer) error { return encodeJSON(out, v) })
}

// encodeJSON writes one document for people to read too. Patterns and policies are
// full of &, < and >, so these stay as they are.
func encodeJSON(out io.Writer, v any) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// encodeLine writes one value as a line of JSON Lines.
func encodeLine(out io.Writer, v any) error {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
