//go:build !unix

package iam

import "time"

// cpuTime is not known here.
func cpuTime() time.Duration { return 0 }
