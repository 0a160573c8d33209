package aws

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"holdfast.dev/holdfast/internal/evidence"
)

// Call asks AWS one thing, and is the only way a collector may. The operation
// is a method value of a concrete client ("client.ListUsers"): clients held in
// interfaces, and the SDK's paginators, keep every method of a service in the
// binary.
//
// service is spelled as by ServiceOf. Call waits for its turn, backs off when
// AWS throttles, and records the answer when a recording is on. Every error is
// a *CallError.
func Call[I, O, Opt any](ctx context.Context, s *Session, service, operation string, fn func(context.Context, *I, ...func(*Opt)) (*O, error), in *I) (*O, error) {
	out, err := call(ctx, s, service, operation, fn, in)
	if s.wire.record != nil && !ends(err) {
		s.wire.record.add(s.key(service, operation), in, encode(out), err)
	}
	return out, err
}

// ends tells that an error says something about this run and not about AWS.
func ends(err error) bool {
	var refused *RefusedError
	return ended(err) || errors.As(err, &refused)
}

func call[I, O, Opt any](ctx context.Context, s *Session, service, operation string, fn func(context.Context, *I, ...func(*Opt)) (*O, error), in *I) (*O, error) {
	if !s.operation[service+"."+operation] {
		return nil, &CallError{service, operation, &RefusedError{Service: service, Operation: operation}}
	}
	ctx = withRequest(ctx, &Request{
		Account: s.Account, Region: s.Region, Service: service, Operation: operation, Input: in,
		Decode: func(v any) (any, error) { return decode[O](v) },
	})
	var out *O
	err := s.wire.do(ctx, s.Account, service, operation, func() error {
		answer, err := fn(ctx, in)
		out = answer
		return err
	})
	if err == nil && out == nil {
		err = errors.New("the answer was empty")
	}
	if err == nil {
		err = answered(service+"."+operation, out)
	}
	if err != nil {
		return nil, &CallError{service, operation, err}
	}
	return out, nil
}

// maxPages bounds a page loop; at the usual 100 items a page it is a million.
const maxPages = 10_000

// Pages is a page loop. next puts the output's token into the input and tells
// whether there is another page; each sees every page.
func Pages[I, O, Opt any](ctx context.Context, s *Session, service, operation string, fn func(context.Context, *I, ...func(*Opt)) (*O, error), in *I, next func(*I, *O) bool, each func(*O) error) error {
	first, input := *in, *in
	var merged any
	seen := map[string]bool{fingerprint(&input): true}
	for page := 0; ; page++ {
		out, err := call(ctx, s, service, operation, fn, &input)
		if err != nil {
			if s.wire.record != nil && !ends(err) {
				s.wire.record.add(s.key(service, operation), &first, nil, err)
			}
			return err
		}
		if s.wire.record != nil {
			merged = mergePages(merged, encode(out))
		}
		if err := each(out); err != nil {
			return err
		}
		if !next(&input, out) {
			break
		}
		print := fingerprint(&input)
		if seen[print] {
			return &CallError{service, operation, errors.New("the same page token came twice; the listing has no end")}
		}
		if seen[print] = true; page+1 >= maxPages {
			return &CallError{service, operation, fmt.Errorf("more than %d pages", maxPages)}
		}
	}
	if s.wire.record != nil {
		s.wire.record.add(s.key(service, operation), &first, merged, nil)
	}
	return nil
}

// NextToken moves a page token from output to input and tells whether there is
// one; most next functions are this one line.
func NextToken(in **string, out *string) bool {
	*in = out
	return out != nil && *out != ""
}

func fingerprint(in any) string {
	b, err := evidence.Append(nil, Shape(in, nil))
	if err != nil {
		return fmt.Sprintf("%v", reflect.ValueOf(in))
	}
	return string(b)
}

func (s *Session) key(service, operation string) answerKey {
	return answerKey{s.Account, s.Region, s.collector, service, operation}
}

// Request is one call as an answering middleware sees it.
type Request struct {
	Account, Region    string // the unit's; Region is evidence.Global outside Regional collectors
	Service, Operation string
	Input              any // *iam.ListUsersInput and so on

	// Decode turns property values (as evidence.Decode reads them) into the
	// operation's typed output.
	Decode func(any) (any, error)
}

type requestKey struct{}

func withRequest(ctx context.Context, r *Request) context.Context {
	return context.WithValue(ctx, requestKey{}, r)
}
