package sigma

import "cmp"

// held is an occurrence that waits for those before it. Its time lies beside it, since
// that decides nearly always.
type held struct {
	at int64
	*occurrence
}

func (h held) compare(x held) int {
	if h.at != x.at {
		return cmp.Compare(h.at, x.at)
	}
	return h.occurrence.compare(x.occurrence)
}

// occurrences are held in a heap, the first on top. Most come in nearly in order, and
// there are many: container/heap would take twice the time.
type occurrences []held

func (o *occurrences) push(x *occurrence) {
	h := append(*o, held{x.at, x})
	*o = h
	i := len(h) - 1
	for i > 0 {
		above := (i - 1) / 2
		if h[i].compare(h[above]) >= 0 {
			break
		}
		h[i], h[above] = h[above], h[i]
		i = above
	}
}

func (o *occurrences) pop() *occurrence {
	h := *o
	first, last := h[0].occurrence, h[len(h)-1]
	h[len(h)-1] = held{}
	h = h[:len(h)-1]
	*o = h
	for i := 0; len(h) > 0; {
		next := 2*i + 1
		if next+1 < len(h) && h[next+1].compare(h[next]) < 0 {
			next++
		}
		if next >= len(h) || last.compare(h[next]) <= 0 {
			h[i] = last
			break
		}
		h[i] = h[next]
		i = next
	}
	return first
}
