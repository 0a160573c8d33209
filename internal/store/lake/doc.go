// Package lake keeps recorded activity: Parquet files (zstd) in a folder, laid out as
// Amazon Security Lake lays them out, with the columns of OCSF's API Activity and the raw
// record beside them. Athena, Trino, Spark and DuckDB read them as they are; Holdfast
// reads them through this package, which knows how to read only what a question needs.
//
//	aws/CLOUD_TRAIL/1.0/orgId=…/region=…/accountId=…/eventDay=20260302/20260302T000000Z-20260302T235959Z-83312-9f86d081884c7d65.parquet
//	_holdfast/                  the lock, what is being written, what was replaced, which log files are in
//
// The path is Security Lake's with the organisation in front. What a record does not say
// (or says in a way that cannot be a name) goes to the partition that Hive, Athena, Spark
// and DuckDB read as null: __HIVE_DEFAULT_PARTITION__. The name of a file says its first
// and last event, how many events it has, and a digest of its content, so that listing
// folders answers what is there. A file with another name is not ours and is left alone.
//
// # Promises
//
// One process writes at a time. What it appends becomes part of the lake in units, each
// whole or not at all, also after kill -9: files are written aside and synced, the list of
// their places is written (that is the commit), and then they are moved there. A list
// found by the next writer is carried out first; what no list names is thrown away. An
// event is in the lake once, however often it is appended: before a unit is committed its
// events are compared with those of the same account, Region, day and time (known.go).
// Memory is bounded by Options.Buffer, whatever the number of partitions.
//
// Readers take no lock. A file that compaction replaced is moved aside and stays there for
// Grace, in which a reader that listed it before still finds it (files.go).
//
// # How a file looks
//
// Rows lie in order of time in slices of about 2 MiB of raw records; within a slice they
// lie by operation and actor, which lets zstd find more in common (12 % less on disk) and
// work faster. The raw records and times have a page for each slice, all other columns one
// page in each row group. So a search reads dictionaries first, then the few columns it
// asks about, then the slices of raw records that have a match.
//
// parquet-go gives the format, thrift, run lengths and Bloom filters. Pages are put
// together here (rowgroup.go) and taken apart here (read.go): an event has forty columns, most
// of which repeat, and codes given once on the way in are several times faster than
// hashing each value again for the writer's dictionary; and reading checks every length
// that a damaged or hostile file claims before it allocates.
package lake
