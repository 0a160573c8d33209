package network

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// asker is who asked below which domain.
type asker struct {
	VPC    string `json:"v,omitempty"`
	Who    string `json:"w"`
	Domain string `json:"d,omitempty"`
}

// exfiltration finds data that leaves as names below a domain: many that never come
// again, long and without order, or asked for records that carry anything back.
type exfiltration struct {
	board[asker]
	names     int
	length    float64
	entropy   float64
	carriers  float64
	carriedAt float64
	except    []string
}

func newExfiltration(s *settings, _ *Threats) Engine {
	names := s.whole("names", 50, 5, 1000, "different names below one domain")
	return &exfiltration{
		names:     names,
		length:    s.number("length", 30, 1, 253, "characters before the domain on average"),
		entropy:   s.number("entropy", 3.5, 0, 8, "bits that each of them carries on average"),
		carriers:  s.number("carriers", 0.5, 0.01, 1, "or: part of the questions for TXT or NULL"),
		carriedAt: s.number("carriers_length", 12, 1, 253, "with so many characters before the domain"),
		except:    s.names("except", infrastructure, "domains that are left alone"),
		board:     newBoard[asker](names, s.span("window", "5m", "time in which they are asked for", time.Hour), s.span("again", "1h", "how long the same pair keeps quiet after a signal", 72*time.Hour)),
	}
}

func (e *exfiltration) Observe(q *Query, yield func(Signal)) {
	l := q.Lookup
	if q.Below == "" || below(l.Name, e.except) {
		return
	}
	s := sighting{
		At: q.At, What: hashBytes([]byte(q.Below)), Flag: l.Type == "TXT" || l.Type == "NULL",
		A: float32(len(q.Below)), B: float32(entropy(q.Below)), File: l.File, Row: l.Row,
	}
	found, more := e.board.see(asker{l.VPC, q.Who, q.Domain}, s, func(list []sighting) bool {
		if len(list) < e.names {
			return false
		}
		length, entropy := means(list)
		return length >= e.length && entropy >= e.entropy || share(list) >= e.carriers && length >= e.carriedAt
	})
	if found == nil {
		return
	}
	length, bits := means(found)
	signal := about(q)
	signal.Counterpart = q.Domain
	tell(&signal, found, more)
	signal.Message = fmt.Sprintf("%s asked for %d different names below %s within %v: %.0f characters and %.1f bits each on average, %.0f %% for TXT or NULL",
		q.Who, len(found), q.Domain, within(found), length, bits, 100*share(found))
	yield(signal)
}

// means are those of what sightings carry.
func means(list []sighting) (a, b float64) {
	for i := range list {
		a += float64(list[i].A)
		b += float64(list[i].B)
	}
	n := float64(len(list))
	return a / n, b / n
}

// generated finds software that tries one made-up domain after the other until one is
// there (a domain generation algorithm).
type generated struct {
	board[asker]
	names  int
	failed float64
	score  float64
	except []string
}

func newGenerated(s *settings, _ *Threats) Engine {
	names := s.whole("names", 30, 5, 1000, "different registered domains")
	return &generated{
		names:  names,
		failed: s.number("nxdomain", 0.6, 0.1, 1, "part of them that does not exist"),
		score:  s.number("score", -5.3, -20, 0, "how likely the letters of those follow on each other, in bits a letter on average; at most"),
		except: s.names("except", infrastructure, "domains that are left alone"),
		board:  newBoard[asker](names, s.span("window", "10m", "time in which they are asked for", time.Hour), s.span("again", "1h", "how long who asks keeps quiet after a signal", 72*time.Hour)),
	}
}

func (e *generated) Observe(q *Query, yield func(Signal)) {
	l := q.Lookup
	if q.Domain == "" || l.Code != "NXDOMAIN" && l.Code != "NOERROR" || l.Type == "PTR" || below(l.Name, e.except) {
		return
	}
	label, _, _ := strings.Cut(q.Domain, ".")
	s := sighting{At: q.At, What: hashBytes([]byte(q.Domain)), Flag: l.Code == "NXDOMAIN", A: float32(Likelihood(label)), File: l.File, Row: l.Row}
	found, more := e.board.see(asker{l.VPC, q.Who, ""}, s, func(list []sighting) bool {
		return len(list) >= e.names && share(list) >= e.failed && missing(list) <= e.score
	})
	if found == nil {
		return
	}
	signal := about(q)
	tell(&signal, found, more)
	signal.Message = fmt.Sprintf("%s asked for %d different domains within %v, the last of them %s; %.0f %% do not exist, and their letters follow on each other as by chance (%.1f bits a letter)",
		q.Who, len(found), within(found), q.Domain, 100*share(found), missing(found))
	yield(signal)
}

// missing is the mean score of the domains that do not exist.
func missing(list []sighting) float64 {
	sum, n := 0.0, 0
	for i := range list {
		if list[i].Flag {
			sum += float64(list[i].A)
			n++
		}
	}
	return sum / float64(max(1, n))
}

// rebinding finds names on the Internet that lead to where instances ask for their
// metadata, and with it for their credentials.
type rebinding struct {
	board[asker]
	except []string
}

func newRebinding(s *settings, _ *Threats) Engine {
	return &rebinding{
		except: s.names("except", []string{"instance-data.ec2.internal"}, "names that may"),
		board:  newBoard[asker](1, time.Minute, s.span("again", "1h", "how long the same pair keeps quiet after a signal", 72*time.Hour)),
	}
}

// metadata are the addresses where instances and containers get their credentials.
var metadata = []netip.Addr{metadata4, metadata6, netip.AddrFrom4([4]byte{169, 254, 170, 2}), netip.AddrFrom4([4]byte{169, 254, 170, 23}), netip.MustParseAddr("fd00:ec2::23")}

func (e *rebinding) Observe(q *Query, yield func(Signal)) {
	l := q.Lookup
	if len(l.Answers) == 0 || l.Type == "TXT" || below(l.Name, e.except) || strings.HasPrefix(l.Name, "instance-data.") && !q.Public {
		return
	}
	i := slices.IndexFunc(l.Answers, func(s string) bool {
		a, err := netip.ParseAddr(s)
		return err == nil && slices.Contains(metadata, a.Unmap())
	})
	if i < 0 {
		return
	}
	s := sighting{At: q.At, What: 1, File: l.File, Row: l.Row}
	found, more := e.board.see(asker{l.VPC, q.Who, l.Name}, s, func([]sighting) bool { return true })
	if found == nil {
		return
	}
	signal := about(q)
	signal.Counterpart = l.Name
	tell(&signal, found, more)
	signal.Message = fmt.Sprintf("%s asked for %s and was led to %s, where an instance gets its credentials", q.Who, l.Name, l.Answers[i])
	yield(signal)
}

// blocked finds what the DNS Firewall acted upon.
type blocked struct {
	board[asker]
	action string
}

func newBlocked(s *settings, _ *Threats) Engine {
	return &blocked{
		action: strings.ToUpper(s.word("action", "block", "what the firewall did", "block", "alert")),
		board:  newBoard[asker](1, time.Minute, s.span("again", "1h", "how long the same pair keeps quiet after a signal", 72*time.Hour)),
	}
}

func (e *blocked) Observe(q *Query, yield func(Signal)) {
	l := q.Lookup
	if l.Firewall != e.action {
		return
	}
	domain := q.Domain
	if domain == "" {
		domain = l.Name
	}
	s := sighting{At: q.At, What: 1, File: l.File, Row: l.Row}
	found, more := e.board.see(asker{l.VPC, q.Who, domain}, s, func([]sighting) bool { return true })
	if found == nil {
		return
	}
	signal := about(q)
	signal.Counterpart = domain
	tell(&signal, found, more)
	done := "blocked it"
	if e.action == "ALERT" {
		done = "let it through with an alert"
	}
	signal.Message = fmt.Sprintf("%s asked for %s (%s); the DNS Firewall %s", q.Who, l.Name, l.Type, done)
	yield(signal)
}

// listedDomain finds lookups of names on threat lists.
type listedDomain struct {
	board[asker]
	threats  *Threats
	category Category
}

func newListedDomain(s *settings, t *Threats) Engine {
	return &listedDomain{
		threats:  t,
		category: Category(s.word("category", "", "the kind of list", categoryNames()...)),
		board:    newBoard[asker](1, time.Minute, s.span("again", "1h", "how long the same pair keeps quiet after a signal", 72*time.Hour)),
	}
}

func (e *listedDomain) Observe(q *Query, yield func(Signal)) {
	if q.Threat == 0 || !q.Threat.Has(e.category) {
		return
	}
	l := q.Lookup
	s := sighting{At: q.At, What: 1, File: l.File, Row: l.Row}
	found, more := e.board.see(asker{l.VPC, q.Who, l.Name}, s, func([]sighting) bool { return true })
	if found == nil {
		return
	}
	signal := about(q)
	signal.Counterpart = l.Name
	tell(&signal, found, more)
	signal.Message = fmt.Sprintf("%s asked for %s, which is listed as %s%s", q.Who, l.Name, e.category.Words(), e.threats.WhyName(l.Name, e.category))
	yield(signal)
}

func (e *listedDomain) Cold() string { return e.threats.without(e.category, false) }
