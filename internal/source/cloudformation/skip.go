package cloudformation

import (
	"errors"
	"regexp"
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/evidence"
)

// A skip is an inline suppression of one control on one resource, with the
// reason beside it:
//
//	# holdfast:skip=s3-bucket-versioning-enabled holds nothing but a cache
//	Cache:
//	  Type: AWS::S3::Bucket
//
// or, where there are no comments, in the resource's Metadata:
//
//	"Metadata": {"Holdfast": {"Skip": [{"Control": "…", "Reason": "…"}]}}
type skipComment struct {
	line    int
	target  int // line of the declaration it stands directly above; else 0
	control string
	reason  string
}

var (
	skipPattern  = regexp.MustCompile(`(?:^|\s)#\s*holdfast:skip=(\S*)[ \t]*(.*)$`)
	errStraySkip = errors.New("this holdfast:skip stands on no resource; put it on the line above the logical id, or between that and Properties")
	errNoReason  = errors.New("holdfast:skip needs a control and a reason: # holdfast:skip=<control-id> <why this is acceptable>")
)

// findSkips reads the skip comments of a YAML source.
func findSkips(src string) []skipComment {
	if !strings.Contains(src, "holdfast:skip=") {
		return nil
	}
	var out []skipComment
	above := 0 // first of the comments that await the line below them
	line := 0
	for text := range strings.Lines(src) {
		line++
		text = strings.TrimRight(text, "\r\n")
		alone := strings.HasPrefix(strings.TrimLeft(text, " \t"), "#")
		if !alone {
			for i := above; i < len(out) && strings.TrimSpace(text) != ""; i++ {
				out[i].target = line
			}
			above = len(out)
		}
		if m := skipPattern.FindStringSubmatch(text); m != nil {
			out = append(out, skipComment{line: line, control: m[1], reason: strings.TrimSpace(m[2])})
			if !alone {
				above = len(out)
			}
		}
	}
	return out
}

// skipIndex remembers which comments have found their resource.
type skipIndex struct {
	comments []skipComment // by line
	targets  map[int][]int // comments by the line they stand above
	used     []bool
}

func indexSkips(comments []skipComment) *skipIndex {
	x := &skipIndex{comments: comments, targets: map[int][]int{}, used: make([]bool, len(comments))}
	for i, c := range comments {
		if c.target != 0 {
			x.targets[c.target] = append(x.targets[c.target], i)
		}
	}
	return x
}

// on are the comments of one resource: above its logical id, or from there to
// its Properties.
func (x *skipIndex) on(m member) (out []skipComment) {
	if len(x.comments) == 0 {
		return nil
	}
	take := func(i int) {
		x.used[i] = true
		out = append(out, x.comments[i])
	}
	first, last := int(m.line), lastHeaderLine(m)
	for _, i := range x.targets[first] {
		take(i)
	}
	i, _ := slices.BinarySearchFunc(x.comments, first, func(c skipComment, line int) int { return c.line - line })
	for ; i < len(x.comments) && x.comments[i].line <= last; i++ {
		take(i)
	}
	return out
}

// pass marks the comments of a resource that does not exist.
func (x *skipIndex) pass(m member) { x.on(m) }

func (x *skipIndex) left() (out []skipComment) {
	for i, c := range x.comments {
		if !x.used[i] {
			out = append(out, c)
		}
	}
	return out
}

// lastHeaderLine is the line of the key Properties, or of the last key where
// there is none.
func lastHeaderLine(m member) int {
	last := int(m.line)
	for _, k := range m.value.kids {
		if k.key == "Properties" {
			return int(k.line)
		}
		last = max(last, int(k.line))
	}
	return last
}

// skips gathers those of comments and of Metadata.
func (e *evaluator) skips(m member, index *skipIndex) (out []evidence.Skip) {
	found := index.on(m)
	e.charge(m.value, len(found))
	for _, c := range found {
		if c.control == "" || c.reason == "" {
			if e.err == nil {
				e.err = &located{file: e.file, line: int32(c.line), err: errNoReason}
			}
			return nil
		}
		out = append(out, evidence.Skip{Control: c.control, Reason: c.reason, Line: c.line})
	}
	declared := m.value.get("Metadata").get("Holdfast").get("Skip")
	if declared == nil {
		return out
	}
	if declared.kind != list {
		e.fail(declared, "Metadata.Holdfast.Skip must be a list of {Control, Reason}")
		return nil
	}
	for _, item := range declared.kids {
		control, reason := item.value.get("Control"), item.value.get("Reason")
		if control == nil || reason == nil || control.text == "" || strings.TrimSpace(reason.text) == "" {
			e.fail(item.value, "a skip in Metadata needs a Control and a Reason: {Control: <control-id>, Reason: <why this is acceptable>}")
			return nil
		}
		out = append(out, evidence.Skip{Control: control.text, Reason: strings.TrimSpace(reason.text), Line: int(item.line)})
	}
	slices.SortStableFunc(out, func(a, b evidence.Skip) int { return a.Line - b.Line })
	return out
}
