// Package flowlog reads VPC flow logs into evidence.Flow: text (plain or gzip, with a
// header line or in a format that is given), Parquet, and what CloudWatch Logs
// exports, prints and sends to subscribers. Fields may stand in any order, those of
// all versions are known by name, and unknown ones are passed over.
//
// NODATA rows say that there was no traffic, and are counted. SKIPDATA rows say that
// flows were lost: they are counted, and Stats.Lost tells of which interfaces, since
// what was not recorded is not known to be harmless. A row that makes no sense is
// passed over and counted in the Fault of its file.
//
// A Parser turns one row into a flow, a Reader files into batches of flows: several
// files at a time, always handed over in order.
//
// Source of the format: Amazon VPC User Guide, "Flow log records".
package flowlog

// Kind is the folder that AWS lays flow logs down in.
const Kind = "vpcflowlogs"

// Service is the name of their source in detections, and of AWS's own service in gaps.
const Service = "vpcflow"
