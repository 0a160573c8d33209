// Package managed has the policies that AWS maintains, by name: what
// ReadOnlyAccess or AmazonS3FullAccess really allows, for sources that see only
// that it is attached. A collected document is newer and goes before.
//
// The file policies.packed is generated from github.com/iann0036/iam-dataset, MIT,
// Copyright (c) 2021 Ian Mckay, which copies what AWS publishes. Nothing is read
// at start-up; a policy is unpacked with some sixty neighbours when one of them
// is first asked for.
package managed

import (
	_ "embed"
	"iter"
	"strings"
	"sync"

	"holdfast.dev/holdfast/internal/engine/iam/packed"
)

//go:generate go run ./gen -from /work/shared/data/aws/managed-policies.tar.xz -out policies.packed

//go:embed policies.packed
var data []byte

// prefix begins the ARNs of the policies; those of other partitions have other
// documents, which are not here.
const prefix = "arn:aws:iam::aws:policy/"

// open cannot fail on the embedded file, which the tests read whole; without it
// no policy is known.
var open = sync.OnceValue(func() *packed.File {
	f, err := packed.Open(data)
	if err != nil {
		return &packed.File{}
	}
	return f
})

// Source says where the documents come from and under which licence.
func Source() (source, license string) {
	h := open().Header
	return h.Source, h.License
}

// Names yields the names of all policies, sorted.
func Names() iter.Seq[string] {
	return func(yield func(string) bool) {
		f := open()
		for i := range f.Len() {
			if !yield(f.Name(i)) {
				return
			}
		}
	}
}

// Policy is the document of the default version of a policy, by its ARN or its
// name. The path in an ARN has to be right where it is known.
func Policy(arnOrName string) ([]byte, bool) {
	folder, text, ok := find(arnOrName)
	if !ok {
		return nil, false
	}
	if rest, isARN := strings.CutPrefix(arnOrName, prefix); isARN && folder != unknownFolder && folder+rest[strings.LastIndexByte(rest, '/')+1:] != rest {
		return nil, false
	}
	return []byte(text), true
}

// ARN is the ARN of a policy by its name; false where there is no such policy or
// its path is not known, which is so for those that AWS has withdrawn.
func ARN(name string) (string, bool) {
	folder, _, ok := find(name)
	if !ok || folder == unknownFolder || strings.Contains(name, "/") {
		return "", false
	}
	return prefix + folder + name, true
}

// Is tells whether an ARN is one of a policy that AWS maintains, known here or
// not.
func Is(arn string) bool {
	partition, rest, _ := strings.Cut(strings.TrimPrefix(arn, "arn:"), ":")
	return strings.HasPrefix(arn, "arn:") && partition != "" && strings.HasPrefix(rest, "iam::aws:policy/")
}

// unknownFolder stands where the source has no ARN.
const unknownFolder = "?"

func find(arnOrName string) (folder, text string, ok bool) {
	name := arnOrName
	if rest, isARN := strings.CutPrefix(arnOrName, prefix); isARN {
		name = rest[strings.LastIndexByte(rest, '/')+1:]
	}
	f := open()
	i, found := f.Find(name)
	if !found {
		return "", "", false
	}
	entry, err := f.Entry(i)
	if err != nil {
		return "", "", false
	}
	return strings.Cut(entry, "\n")
}
