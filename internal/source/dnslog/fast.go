package dnslog

// fast reads a record that is written as AWS writes it: an object of texts in ASCII
// without escapes, with answers and srcids in it. It says false to everything else,
// which the slow way then reads, or refuses with a reason.
func (p *Parser) fast(text []byte, r *record) bool {
	*r = record{Answers: r.Answers[:0]}
	s := scan{text: text}
	if !s.object(func(key []byte) bool {
		switch string(key) {
		case "answers":
			r.Answers = r.Answers[:0]
			return s.list(func() bool {
				var a answer
				ok := s.object(func(key []byte) bool { return s.member(string(key) == "Rdata", &a.Data, nil) })
				r.Answers = append(r.Answers, a)
				return ok
			})
		case "srcids":
			return s.object(func(key []byte) bool {
				switch string(key) {
				case "instance":
					return s.member(true, &r.IDs.Instance, p)
				case "resolver_endpoint":
					return s.member(true, &r.IDs.Endpoint, p)
				}
				return s.member(false, nil, nil)
			})
		case "account_id":
			return s.member(true, &r.Account, p)
		case "region":
			return s.member(true, &r.Region, p)
		case "vpc_id":
			return s.member(true, &r.VPC, p)
		case "query_timestamp":
			return s.member(true, &r.Time, p)
		case "query_name":
			return s.member(true, &r.Name, nil)
		case "query_type":
			return s.member(true, &r.Type, p)
		case "rcode":
			return s.member(true, &r.Code, p)
		case "srcaddr":
			return s.member(true, &r.Source, p)
		case "firewall_rule_action":
			return s.member(true, &r.Firewall, p)
		}
		return s.member(false, nil, nil)
	}) {
		return false
	}
	s.blanks()
	return s.at == len(text)
}

// scan goes through a text of JSON.
type scan struct {
	text []byte
	at   int
}

func (s *scan) blanks() {
	for s.at < len(s.text) && (s.text[s.at] == ' ' || s.text[s.at] == '\t' || s.text[s.at] == '\n' || s.text[s.at] == '\r') {
		s.at++
	}
}

// take takes one sign.
func (s *scan) take(c byte) bool {
	s.blanks()
	if s.at < len(s.text) && s.text[s.at] == c {
		s.at++
		return true
	}
	return false
}

func (s *scan) object(member func(key []byte) bool) bool {
	if !s.take('{') {
		return false
	}
	if s.take('}') {
		return true
	}
	for {
		key, ok := s.string()
		if !ok || !s.take(':') || !member(key) {
			return false
		}
		if !s.take(',') {
			return s.take('}')
		}
	}
}

func (s *scan) list(element func() bool) bool {
	if !s.take('[') {
		return false
	}
	if s.take(']') {
		return true
	}
	for {
		if !element() {
			return false
		}
		if !s.take(',') {
			return s.take(']')
		}
	}
}

// string takes a text without escapes.
func (s *scan) string() ([]byte, bool) {
	if !s.take('"') {
		return nil, false
	}
	for i, c := range s.text[s.at:] {
		switch {
		case c == '"':
			v := s.text[s.at : s.at+i]
			s.at += i + 1
			return v, true
		case c == '\\' || c < ' ' || c >= 0x80:
			return nil, false
		}
	}
	return nil, false
}

// member takes a text, and keeps it where it is wanted: one copy of each, where p is
// given.
func (s *scan) member(wanted bool, to *string, p *Parser) bool {
	v, ok := s.string()
	switch {
	case !ok:
		return false
	case !wanted:
	case p != nil:
		*to = p.text(v)
	default:
		*to = string(v)
	}
	return true
}
