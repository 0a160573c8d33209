// Package network finds in VPC flow logs and Route 53 Resolver query logs what no
// record shows on its own: scans and sweeps, guessed passwords, floods, traffic with
// addresses and names on threat lists, data that leaves inside of names.
//
// A flow is looked at from the side of the interface that recorded it (Contact,
// contact.go): who is the other, and who of both asked. Engines (engine.go names them)
// take contacts and lookups one by one and signal what they find. Most keep sightings
// by pair or by domain in a board (board.go), which forgets by time and, beyond its
// budget, what was quiet for longest, and counts what it forgot. Engines with a
// baseline (unusual.go) are cold until they have seen fourteen days.
//
// Records may come up to fifteen minutes out of order (Tolerance). State can be saved
// at any point and read back; the same records give the same signals all the same.
//
// Threat lists (threats.go) come from the user: this package knows none.
package network

import "time"

// Tolerance is how late a record may come and still count fully.
const Tolerance = 15 * time.Minute
