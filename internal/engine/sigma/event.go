package sigma

// Kind is the JSON type of a value. Lists have none of their own: a path leads to
// their elements.
type Kind uint8

const (
	Null Kind = iota
	String
	Number
	Bool
	Object
	Empty // a list without elements
)

// Value is what stands at the end of a path. Text is the string itself, the JSON
// text of a number or a bool, or that of an object with the escapes of its strings
// resolved: so a rule finds "Allow", quotes and all, in the policy of a request. The matcher reads it until Match returns
// and never changes it.
type Value struct {
	Kind Kind
	Text []byte
}

// Path is a field as rules name it, like userIdentity.arn. Index counts the fields
// of an Engine, so that an Event can keep a table of its own (Engine.Paths).
type Path struct {
	Index int
	Name  string
}

// Event is a log record that gives its fields when asked.
type Event interface {
	// Values appends all values at the path: none where the record does not have
	// it, several where the path leads through lists.
	Values(to []Value, p *Path) []Value
	// Text is the whole record for keywords, with the escapes of JSON resolved. It
	// is asked only where a rule has keywords.
	Text() []byte
}
