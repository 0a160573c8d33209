//go:build unix

package cloudtrail

import (
	"syscall"
	"time"
)

// CPU is the processor time that the process has used: what a busy machine does not
// distort.
func CPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
