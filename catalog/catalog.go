// Package catalog is what Holdfast knows, as data: one file per item, with the
// examples that are its tests inside. Adding an item touches no other file.
// Nothing but data and this embedding belongs here.
package catalog

import "embed"

// Files holds the catalogue, by the folders of this directory.
//
//go:embed controls detections escalations frameworks guardrails objectives risks
var Files embed.FS
