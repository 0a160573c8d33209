// Package kleene is three-valued logic: what was not seen is neither true nor
// false. Every judgement in Holdfast rests on it, so it imports nothing.
package kleene

// Value is True, False or Unknown. The zero value is Unknown: a judgement
// nobody made is not a pass.
type Value uint8

const (
	Unknown Value = iota
	False
	True
)

// Of lifts a Go bool.
func Of(b bool) Value {
	if b {
		return True
	}
	return False
}

// And is False if either side is False, whatever the other side hides.
func (v Value) And(w Value) Value {
	switch {
	case v == False || w == False:
		return False
	case v == True && w == True:
		return True
	}
	return Unknown
}

// Or is True if either side is True, whatever the other side hides.
func (v Value) Or(w Value) Value {
	switch {
	case v == True || w == True:
		return True
	case v == False && w == False:
		return False
	}
	return Unknown
}

// Not leaves Unknown as it is.
func (v Value) Not() Value {
	switch v {
	case True:
		return False
	case False:
		return True
	}
	return Unknown
}

// String is "true", "false" or "unknown".
func (v Value) String() string {
	switch v {
	case True:
		return "true"
	case False:
		return "false"
	}
	return "unknown"
}
