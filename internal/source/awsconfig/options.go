package awsconfig

import (
	"errors"
	"fmt"
)

// Options bound what is read. The zero Options have limits that every file of
// AWS Config keeps by far.
type Options struct {
	MaxItem  int64 // bytes of one configuration item; 0 is 32 MiB
	MaxFile  int64 // bytes of one file, unpacked; 0 is 8 GiB
	MaxItems int   // items in one file; 0 is five million
}

func (o Options) withDefaults() Options {
	if o.MaxItem <= 0 {
		o.MaxItem = 32 << 20
	}
	if o.MaxFile <= 0 {
		o.MaxFile = 8 << 30
	}
	if o.MaxItems <= 0 {
		o.MaxItems = 5_000_000
	}
	return o
}

// ErrNotConfig says that a file is JSON and holds nothing of AWS Config.
var ErrNotConfig = errors.New("no configurationItems in it; give the files that AWS Config delivered, or the answer of `aws configservice get-resource-config-history`")

// ParseError says where a file could not be read on.
type ParseError struct {
	File   string
	Offset int64 // bytes into the unpacked JSON
	Err    error
}

// Error names the file, the place and the reason.
func (e *ParseError) Error() string {
	return fmt.Sprintf("%s: byte %d: %v", e.File, e.Offset, e.Err)
}

// Unwrap gives the reason.
func (e *ParseError) Unwrap() error { return e.Err }
