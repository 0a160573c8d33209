// Package dnslog reads Route 53 Resolver query logs into evidence.Lookup: JSON Lines
// as AWS lays them down in S3, and what CloudWatch Logs exports, prints and sends to
// subscribers. A Reader reads several files at a time and hands the lookups over in
// order; a record that makes no sense is passed over and counted in the Fault of its
// file.
//
// Resolver answers from its cache without logging, so a log holds the first of equal
// questions and not all of them.
//
// Source of the format: Route 53 Developer Guide, "Values that appear in Resolver
// query logs".
package dnslog

// Kind is the folder that AWS lays Resolver query logs down in.
const Kind = "vpcdnsquerylogs"

// Service is the name of their source in detections, and of AWS's own service in gaps.
const Service = "route53resolver"
