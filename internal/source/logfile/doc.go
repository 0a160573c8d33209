// Package logfile is what the sources of log files share: where AWS lays such files
// down, how to find them in folders and buckets, how to bound their decompression, and
// how to say which of it could not be read.
//
// For network logs it has more: how to open files one after the other, and to take
// lines out of the wrappings that CloudWatch Logs puts around them. Both kinds travel
// the same ways (the vended log delivery to S3, CloudWatch Logs and its exports), while
// CloudTrail's files are one JSON document each, which cloudtrail reads by itself. What
// a line means is none of its business: flowlog and dnslog know that.
//
// Everything streams: memory is bounded by the longest line and the batches that
// wait, never by the size or number of files. A file that cannot be read is a Fault,
// and the others are read all the same.
//
// Source of the shapes: Amazon VPC User Guide, "Publish flow logs to Amazon S3";
// Route 53 Developer Guide, "AWS resources that you can send Resolver query logs
// to"; CloudWatch Logs User Guide, "Export log data to Amazon S3" and
// "Log group-level subscription filters".
package logfile
