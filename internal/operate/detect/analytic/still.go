package analytic

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// still has what most engines have in common: they act when an event comes and not
// when time goes by, can always tell something, and lack nothing.
type still struct{}

func (still) Advance(time.Time, func(Signal)) {}
func (still) Cold() string                    { return "" }
func (still) Lacks() (string, bool)           { return "", false }

// forgot says that memory was too small for the estate, for Lacks.
func forgot(n uint64, most int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("it forgot %d of those it watched for want of room; params.principals is %d", n, most)
}

// join puts reasons together.
func join(reasons ...string) string {
	return strings.Join(slices.DeleteFunc(reasons, func(s string) bool { return s == "" }), "; ")
}

// within tells whether an address lies in one of some networks.
func within(all []netip.Prefix, ip netip.Addr) bool {
	return slices.ContainsFunc(all, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// foreign tells whether an address is one of the internet and not one of ours.
func (w *World) foreign(ip netip.Addr) bool {
	return public(ip) && !within(w.Own, ip) && !within(w.Trusted, ip)
}

// aws tells whether AWS has an address. Nobody knows without its list.
func (w *World) aws(ip netip.Addr) bool {
	if w.Services == nil {
		return false
	}
	_, ok := w.Services(ip)
	return ok
}
