// Package detect finds in what was done what should not have been: it loads
// detections, runs events through them, and makes alerts of what they say.
//
// A detection is a file (detection.go, load.go): a Sigma rule, Sigma rules that
// correlate, or an analytic with its parameters, and beside it what Holdfast wants to
// know: what it serves, what answers it, which logs it needs, and examples that are
// its tests (example.go, try.go). Plain Sigma rules load too.
//
// A Detector (detector.go) has all of them compiled together. Workers look at events
// at the same time, each for itself; Take puts what they saw into the order of the
// events, feeds correlations and analytics and makes alerts (alert.go). Tuning
// (tuning.go) marks alerts that somebody decided to live with. Off (off.go) says what
// cannot speak, and why; Cover (coverage.go) which techniques of ATT&CK are found. The
// store adds alerts up to findings, by rule and resource.
//
// Files, clocks and events come in from outside. The rooms analytic and network hold
// what needs more than Sigma can say.
package detect
