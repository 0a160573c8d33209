// Command gen writes types.ndjson.gz, the compact table of CloudFormation
// resource types that package schema embeds, from the service database of
// npm @aws-cdk/aws-service-spec (Apache-2.0).
package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/klauspost/compress/gzip"
)

const source = "npm @aws-cdk/aws-service-spec 0.1.216"

func main() {
	db := flag.String("db", "", "path of db.json.gz from "+source)
	out := flag.String("out", "types.ndjson.gz", "file to write")
	flag.Parse()
	if err := run(*db, *out); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(dbPath, outPath string) error {
	if dbPath == "" {
		return fmt.Errorf("no database given; pass -db PATH with db.json.gz of %s", source)
	}
	db, err := load(dbPath)
	if err != nil {
		return fmt.Errorf("reading %s: %w", dbPath, err)
	}
	raw, err := render(db)
	if err != nil {
		return err
	}
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := w.Write(raw); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return os.WriteFile(outPath, packed.Bytes(), 0o644)
}

type database struct {
	Schema struct {
		Resource struct {
			Entities []resource `json:"entities"`
		} `json:"resource"`
		TypeDefinition struct {
			Entities []definition `json:"entities"`
		} `json:"typeDefinition"`
	} `json:"schema"`
}

type resource struct {
	Name              string                  `json:"cloudFormationType"`
	PrimaryIdentifier []string                `json:"primaryIdentifier"`
	Properties        map[string]propertyDecl `json:"properties"`
	Tag               struct {
		Property string `json:"tagPropertyName"`
	} `json:"tagInformation"`
	Ref json.RawMessage `json:"cfnRefIdentifier"`
}

type definition struct {
	ID         string                  `json:"$id"`
	Properties map[string]propertyDecl `json:"properties"`
}

type propertyDecl struct {
	Type typeDecl `json:"type"`
}

type typeDecl struct {
	Type      string     `json:"type"`
	Element   *typeDecl  `json:"element"`
	Types     []typeDecl `json:"types"`
	Reference struct {
		ID string `json:"$ref"`
	} `json:"reference"`
}

func load(path string) (*database, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	zr, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(zr)
	if err != nil {
		return nil, err
	}
	var db database
	return &db, json.Unmarshal(raw, &db)
}

// line is one resource type in the table; package schema reads the same shape.
type line struct {
	ID          []string            `json:"id,omitempty"`
	Ref         []string            `json:"ref,omitempty"`
	Tags        string              `json:"tags,omitempty"`
	Properties  map[string]string   `json:"p"`
	Definitions []map[string]string `json:"d,omitempty"`
}

func render(db *database) ([]byte, error) {
	defs := map[string]*definition{}
	for i := range db.Schema.TypeDefinition.Entities {
		d := &db.Schema.TypeDefinition.Entities[i]
		defs[d.ID] = d
	}
	types := db.Schema.Resource.Entities
	slices.SortFunc(types, func(a, b resource) int { return cmp.Compare(a.Name, b.Name) })
	var out bytes.Buffer
	header, err := json.Marshal(map[string]string{"source": source, "license": "Apache-2.0", "format": "1"})
	if err != nil {
		return nil, err
	}
	out.Write(header)
	out.WriteByte('\n')
	for _, r := range types {
		e := encoder{defs: defs, number: map[string]int{}}
		l := line{ID: r.PrimaryIdentifier, Ref: refOf(r.Ref), Tags: r.Tag.Property, Properties: e.properties(r.Properties)}
		for len(e.queue) > 0 {
			id := e.queue[0]
			e.queue = e.queue[1:]
			l.Definitions = append(l.Definitions, e.properties(defs[id].Properties))
		}
		body, err := json.Marshal(l)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&out, "%s\t%s\n", r.Name, body)
	}
	return out.Bytes(), nil
}

// refOf reads what Ref returns where that is not the primary identifier; the
// database spells it as one name or as a list.
func refOf(raw json.RawMessage) []string {
	var one string
	if json.Unmarshal(raw, &one) == nil && one != "" {
		return []string{one}
	}
	var many []string
	if json.Unmarshal(raw, &many) == nil {
		return many
	}
	return nil
}

// encoder numbers the definitions that one resource type reaches.
type encoder struct {
	defs   map[string]*definition
	number map[string]int
	queue  []string
}

func (e *encoder) properties(in map[string]propertyDecl) map[string]string {
	out := make(map[string]string, len(in))
	names := make([]string, 0, len(in))
	for name := range in {
		names = append(names, name)
	}
	slices.Sort(names) // the numbering must not depend on map order
	for _, name := range names {
		code := e.code(in[name].Type)
		if code == "s" && strings.HasSuffix(name, "PolicyDocument") {
			code = "j" // a document, though the schema calls it text
		}
		out[name] = code
	}
	return out
}

// code is the shape of a value: s i n b j for the primitives, T for a tag,
// [x a list of x, {x a map to x, and #n the n-th definition of the line.
func (e *encoder) code(t typeDecl) string {
	switch t.Type {
	case "string", "date-time":
		return "s"
	case "integer":
		return "i"
	case "number":
		return "n"
	case "boolean":
		return "b"
	case "tag":
		return "T"
	case "array":
		return "[" + e.code(*t.Element)
	case "map":
		return "{" + e.code(*t.Element)
	case "ref":
		id := t.Reference.ID
		n, seen := e.number[id]
		if !seen {
			n = len(e.number)
			e.number[id] = n
			e.queue = append(e.queue, id)
		}
		return "#" + strconv.Itoa(n)
	case "union":
		return e.union(t.Types)
	}
	return "j"
}

// union picks the one structured or typed alternative to text; where there are
// several, nothing can be said about the value and it counts as json.
func (e *encoder) union(types []typeDecl) string {
	var picked []typeDecl
	for _, t := range types {
		if t.Type != "string" {
			picked = append(picked, t)
		}
	}
	switch {
	case len(picked) == 0:
		return "s"
	case len(picked) == 1:
		return e.code(picked[0])
	}
	return "j"
}
