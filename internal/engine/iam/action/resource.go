package action

import "strings"

// ResourceType is a kind of resource that policies can name.
type ResourceType struct {
	Service string   // s3
	Name    string   // object
	ARN     string   // arn:${Partition}:s3:::${BucketName}/${ObjectName}
	Keys    []string // condition keys of every request on the type
}

// Glob is the ARN with * in place of every variable: arn:*:s3:::*/*.
func (r *ResourceType) Glob() string {
	var b strings.Builder
	for rest := r.ARN; ; {
		text, after, found := strings.Cut(rest, "${")
		b.WriteString(text)
		if !found {
			return b.String()
		}
		b.WriteByte('*')
		_, rest, _ = strings.Cut(after, "}")
	}
}

// ResourceTypesFor tells of which resource type an ARN is. There can be several,
// because services declare each other's resources (a role is a resource of IAM
// and of STS) and because some types have the same ARNs; those of the service
// that the ARN names are preferred.
func ResourceTypesFor(arn string) []*ResourceType {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" {
		return nil
	}
	if found := bestTypes(parts[2:3], arn); len(found) > 0 {
		return found
	}
	return bestTypes(open().arnHomes[parts[2]], arn)
}

// bestTypes are the types with the closest pattern: one where no variable
// reaches over a slash or a colon before one where some do, and of those the one
// that says most.
func bestTypes(services []string, arn string) []*ResourceType {
	var best []*ResourceType
	most := 0
	for _, prefix := range services {
		s, ok := Find(prefix)
		if !ok {
			continue
		}
		for _, r := range s.resources {
			n := r.fit(arn)
			if n == 0 || n < most {
				continue
			}
			if n > most {
				best, most = nil, n
			}
			best = append(best, r)
		}
	}
	return best
}

// narrow outweighs the letters of any ARN.
const narrow = 1 << 12

// fit says how well an ARN fits the type's pattern, 0 not at all.
func (r *ResourceType) fit(arn string) int {
	texts := strings.Split(r.Glob(), "*") // some ARNs in the source have a * of their own
	letters := 0
	for _, text := range texts {
		letters += len(text)
	}
	if !fits(texts, arn, "/:") {
		if !fits(texts, arn, "") {
			return 0
		}
		return letters
	}
	return letters + narrow
}

// fits tells whether arn is the texts with something between them; what is
// between may be anything but one of the bytes of without. As in ARNs, a missing
// Region or account is fine.
func fits(texts []string, arn, without string) bool {
	rest, ok := strings.CutPrefix(arn, texts[0])
	if !ok {
		return false
	}
	if len(texts) == 1 {
		return rest == ""
	}
	for from := 0; ; from++ {
		at := strings.Index(rest[from:], texts[1])
		if len(texts) == 2 {
			// The last text has to be the end.
			at = len(rest) - len(texts[1]) - from
			if at < 0 || !strings.HasSuffix(rest, texts[1]) {
				return false
			}
		}
		if at < 0 {
			return false
		}
		from += at
		if without != "" && strings.ContainsAny(rest[:from], without) {
			return false
		}
		if fits(texts[1:], rest[from:], without) {
			return true
		}
		if len(texts) == 2 {
			return false
		}
	}
}
