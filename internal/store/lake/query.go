package lake

import "time"

// Query says which events are wanted. The zero Query wants all.
type Query struct {
	Since, Until time.Time // from Since on, before Until; zero is open
	Accounts     []string  // only these; none is all
	Regions      []string
	Where        []Filter // all have to hold
	Raw          bool     // Event.Raw is wanted: it costs most of the reading
}

// Filter holds for events for which one of its terms does.
type Filter []Term

// Term asks about one column, or about the raw record. Match is called from several
// goroutines, once for each distinct value rather than for each event, so that it may
// take its time. An event that lacks the column does not match.
type Term struct {
	Column Column
	Match  func(value string) bool
	// Equal, where it is set, is what the column has to be, instead of Match. Files
	// and row groups that cannot have it are passed over without being read.
	Equal string
	// Raw, where it is set, is asked about the raw record instead. The text is valid
	// during the call only.
	Raw func(record []byte) bool
}
