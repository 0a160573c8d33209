// Package store keeps what was observed and what was judged: one directory,
// one SQLite database in it, no server.
//
// Evidence is append-only. A resource looked a certain way from one instant
// until another, and the snapshot of an instant is every version whose
// interval contains it. What could not be read (a Gap) has an interval too, so
// a review of last month knows what last month could not see. Findings keep
// every state they were ever in. Nothing here judges: finding.Advance decides
// how a finding lives on, the engines decide the verdicts.
//
// # Promises
//
// One process writes at a time: Open takes a lock that dies with its process,
// and the second writer is told who holds it. Readers never wait and never
// block a writer (write-ahead log), and each reading call sees one consistent
// state. Every writing call is one transaction: it is there whole or not at
// all, also after kill -9. Memory is bounded by what a call says, never by the
// size of the store.
//
// # Choices
//
// The driver is modernc.org/sqlite; compare/README.md has the measurements
// against the alternative. It is driven through database/sql/driver without
// database/sql in between: there is one writer connection and a handful of
// readers to look after, which needs no pool, and a million rows skip a copy
// and a conversion each.
//
// Migrations are numbered SQL files run by forty lines of our own, the version
// kept in the database header (user_version). goose was weighed: it brings a
// table, a dialect layer and three modules to do the same for one file with
// one writer, and would not commit schema and version in one write.
//
// PostgreSQL can come behind the same methods: callers name the few they need
// in interfaces of their own, and storetest holds what any store has to pass.
package store
