// Command gen writes policies.packed, which package managed embeds, from a tar.xz
// of the folder aws/managedpolicies of github.com/iann0036/iam-dataset (MIT,
// Copyright 2021 Ian Mckay), a copy of what AWS publishes.
//
//	go run ./internal/engine/iam/managed/gen -from /work/shared/data/aws/managed-policies.tar.xz
package main

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam/packed"
)

const (
	source    = "github.com/iann0036/iam-dataset, aws/managedpolicies"
	license   = "MIT, Copyright (c) 2021 Ian Mckay"
	blockSize = 128 << 10
	maxFile   = 16 << 20
)

func main() {
	from := flag.String("from", "", "managed-policies.tar.xz")
	out := flag.String("out", "internal/engine/iam/managed/policies.packed", "file to write")
	flag.Parse()
	if err := run(*from, *out); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(from, out string) error {
	if from == "" {
		return errors.New("no data given; pass -from PATH with managed-policies.tar.xz")
	}
	entries, err := read(from)
	if err != nil {
		return fmt.Errorf("reading %s: %w", from, err)
	}
	for name, document := range lacking {
		if _, there := entries[name]; there {
			return fmt.Errorf("%s is in the source now; drop it here", name)
		}
		entries[name] = "\n" + document
	}
	data, err := packed.Write(packed.Header{Source: source, License: license}, entries, blockSize)
	if err != nil {
		return err
	}
	return os.WriteFile(out, data, 0o644)
}

// lacking are policies that every account has and the source does not. Source:
// AWS Managed Policy Reference Guide.
var lacking = map[string]string{
	"AdministratorAccess": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`,
	"PowerUserAccess": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":["iam:*","organizations:*","account:*"],"Resource":"*"},` +
		`{"Effect":"Allow","Action":["account:GetAccountInformation","account:GetGovCloudAccountInformation","account:GetPrimaryEmail","account:ListRegions",` +
		`"iam:CreateServiceLinkedRole","iam:DeleteServiceLinkedRole","iam:ListRoles","organizations:DescribeEffectivePolicy","organizations:DescribeOrganization"],` +
		`"Resource":"*"}]}`, // version 12, of 12 February 2026
}

// read unpacks with xz, which the standard library does not know.
func read(name string) (map[string]string, error) {
	c := exec.Command("xz", "--decompress", "--stdout", "--keep", name)
	c.Stderr = os.Stderr
	raw, err := c.Output()
	if err != nil {
		return nil, fmt.Errorf("xz: %w", err)
	}
	entries := map[string]string{}
	for r := tar.NewReader(bytes.NewReader(raw)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return entries, nil
		}
		if err != nil {
			return nil, err
		}
		if h.Typeflag != tar.TypeReg || !strings.HasSuffix(h.Name, ".json") {
			continue
		}
		file, err := io.ReadAll(io.LimitReader(r, maxFile))
		if err != nil {
			return nil, err
		}
		name, text, err := entry(file)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path.Base(h.Name), err)
		}
		if _, twice := entries[name]; twice {
			return nil, fmt.Errorf("%s: %q is there twice", path.Base(h.Name), name)
		}
		entries[name] = text
	}
}

// entry is the path of the policy's ARN, a line end, and its document. Where the
// source has no ARN the path is "?".
func entry(file []byte) (name, text string, err error) {
	var p struct {
		Name     string          `json:"name"`
		ARN      string          `json:"arn"`
		Document json.RawMessage `json:"document"`
	}
	if err := json.Unmarshal(file, &p); err != nil {
		return "", "", err
	}
	folder := "?"
	if p.ARN != "" {
		rest, ours := strings.CutPrefix(p.ARN, "arn:aws:iam::aws:policy/")
		above, named := strings.CutSuffix(rest, p.Name)
		if folder = above; !ours || !named {
			return "", "", fmt.Errorf("the ARN %q is not one of a policy named %q", p.ARN, p.Name)
		}
	}
	var b bytes.Buffer
	if err := json.Compact(&b, p.Document); err != nil {
		return "", "", err
	}
	return p.Name, folder + "\n" + b.String(), nil
}
