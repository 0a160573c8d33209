package lake

import (
	"strings"
	"sync"

	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// kind is how a leaf's values look.
type kind uint8

const (
	text kind = iota
	number32
	number64
	boolean
	moment // milliseconds since 1970, as OCSF's timestamp_t
	instant
)

// leaf is one column of the files. Every event has all groups; leaves may be absent.
type leaf struct {
	path     string
	kind     kind
	required bool
	from     Column              // of the row; columns for the others
	constant string              // the same in every row
	derived  func(string) string // from the text of the column of
	of       Column
	list     bool // an element of resources[]
	paged    bool // a page for each slice
	plain    bool // distinct in every row, so that a dictionary is in vain
}

// The classes of OCSF 1.5: Application Activity (6), API Activity (6003).
const (
	ocsfVersion = "1.5.0"
	category    = "6"
	class       = "6003"
)

// leaves is the schema in the order of the file. Leaves of one group lie together.
var leaves = []leaf{
	{path: "activity_id", kind: number32, required: true, of: Operation, derived: activityID},
	{path: "activity_name", required: true, of: Operation, derived: activityName},
	{path: "category_uid", kind: number32, required: true, constant: category},
	{path: "category_name", required: true, constant: "Application Activity"},
	{path: "class_uid", kind: number32, required: true, constant: class},
	{path: "class_name", required: true, constant: "API Activity"},
	{path: "type_uid", kind: number64, required: true, of: Operation, derived: typeUID},
	{path: "severity_id", kind: number32, required: true, constant: "1"},
	{path: "severity", required: true, constant: "Informational"},
	{path: "status_id", kind: number32, required: true, of: Error, derived: statusID},
	{path: "status", required: true, of: Error, derived: status},
	{path: timePath, kind: moment, paged: true},
	{path: "time_dt", kind: instant, paged: true},
	{path: "metadata.uid", from: ID, plain: true, paged: true},
	{path: "metadata.version", required: true, constant: ocsfVersion},
	{path: "metadata.event_code", from: EventType},
	{path: "metadata.product.name", required: true, constant: "CloudTrail"},
	{path: "metadata.product.vendor_name", required: true, constant: "AWS"},
	{path: "metadata.product.version", from: Version},
	{path: "metadata.product.feature.name", from: Category},
	{path: "cloud.provider", required: true, constant: "AWS"},
	{path: "cloud.region", from: Region},
	{path: "cloud.account.uid", from: Account},
	{path: "cloud.org.uid", from: Organisation},
	{path: "api.operation", from: Operation},
	{path: "api.service.name", from: Service},
	{path: "api.response.error", from: Error},
	{path: "api.response.message", from: Message},
	{path: "actor.user.type", from: ActorType},
	{path: "actor.user.uid", from: Actor},
	{path: "actor.user.uid_alt", from: ActorID},
	{path: "actor.user.name", from: ActorName},
	{path: "actor.user.credential_uid", from: AccessKey},
	{path: "actor.user.account.uid", from: ActorAccount},
	{path: "actor.session.issuer", from: Issuer},
	{path: "actor.session.is_mfa", kind: boolean, from: MFA},
	{path: "actor.app_name", from: App},
	{path: "src_endpoint.ip", from: SourceIP},
	{path: "src_endpoint.domain", from: SourceName},
	{path: "src_endpoint.uid", from: Endpoint},
	{path: "http_request.user_agent", from: UserAgent},
	{path: "resources.list.element.uid", from: ResourceARN, list: true},
	{path: "resources.list.element.type", from: ResourceType, list: true},
	{path: "resources.list.element.owner.account.uid", from: ResourceOwner, list: true},
	{path: "unmapped.readOnly", kind: boolean, from: ReadOnly},
	{path: "unmapped.managementEvent", kind: boolean, from: Management},
	{path: "unmapped.sharedEventID", from: Shared},
	{path: "unmapped.originalEventID", from: Original},
	{path: rawPath, required: true, plain: true, paged: true},
}

const (
	timePath = "time"
	rawPath  = "raw_data"
	listPath = "resources"
)

// stored tells whether the leaf keeps a column of the row.
func (l *leaf) stored() bool {
	return l.constant == "" && l.derived == nil && l.kind != moment && l.kind != instant && l.path != rawPath
}

// levels are the highest repetition and definition levels: groups are required, so that
// only lists and leaves count.
func (l *leaf) levels() (repetition, definition int) {
	if l.list {
		return 1, 2
	}
	if l.required {
		return 0, 0
	}
	return 0, 1
}

func (l *leaf) physical() format.Type {
	switch l.kind {
	case number32:
		return format.Int32
	case number64, moment, instant:
		return format.Int64
	case boolean:
		return format.Boolean
	}
	return format.ByteArray
}

// schema is the tree of the leaves, depth first, as the footer has it.
var schema = sync.OnceValue(func() []format.SchemaElement {
	type node struct {
		element  format.SchemaElement
		children []*node
	}
	top := &node{element: format.SchemaElement{Name: "api_activity"}}
	for i := range leaves {
		at := top
		parts := strings.Split(leaves[i].path, ".")
		for depth, name := range parts {
			last := len(at.children) - 1
			if last < 0 || at.children[last].element.Name != name {
				e := format.SchemaElement{Name: name, RepetitionType: thrift.New(format.Required)}
				if depth == len(parts)-1 {
					e = leaves[i].element(name)
				} else if leaves[i].list && depth == 0 {
					e.ConvertedType = thrift.New(deprecated.List)
					e.LogicalType = format.LogicalType{Value: &format.ListType{}}
				} else if leaves[i].list && depth == 1 {
					e.RepetitionType = thrift.New(format.Repeated)
				}
				at.children = append(at.children, &node{element: e})
				last++
			}
			at = at.children[last]
		}
	}
	var out []format.SchemaElement
	var walk func(*node)
	walk = func(n *node) {
		if len(n.children) > 0 {
			n.element.NumChildren = thrift.New(int32(len(n.children)))
		}
		out = append(out, n.element)
		for _, c := range n.children {
			walk(c)
		}
	}
	walk(top)
	return out
})

func (l *leaf) element(name string) format.SchemaElement {
	e := format.SchemaElement{Name: name, Type: thrift.New(l.physical()), RepetitionType: thrift.New(format.Optional)}
	if l.required {
		e.RepetitionType = thrift.New(format.Required)
	}
	switch l.kind {
	case text:
		e.ConvertedType = thrift.New(deprecated.UTF8)
		e.LogicalType = format.LogicalType{Value: &format.StringType{}}
	case instant:
		e.ConvertedType = thrift.New(deprecated.TimestampMillis)
		e.LogicalType = format.LogicalType{Value: &format.TimestampType{IsAdjustedToUTC: true, Unit: format.TimeUnit{Value: &format.MilliSeconds{}}}}
	}
	return e
}

// paths are the leaves' paths in parts.
var paths = sync.OnceValue(func() [][]string {
	out := make([][]string, len(leaves))
	for i := range leaves {
		out[i] = strings.Split(leaves[i].path, ".")
	}
	return out
})

// leafOf is the leaf that keeps a column.
func leafOf(c Column) int {
	for i := range leaves {
		if leaves[i].stored() && leaves[i].from == c {
			return i
		}
	}
	panic("lake: a column without a leaf") // a test sees to it that there is none
}

// leafAt is the leaf of a path.
func leafAt(path string) int {
	for i := range leaves {
		if leaves[i].path == path {
			return i
		}
	}
	panic("lake: there is no leaf " + path)
}

var (
	idLeaf   = sync.OnceValue(func() int { return leafOf(ID) })
	timeLeaf = sync.OnceValue(func() int { return leafAt(timePath) })
	rawLeaf  = sync.OnceValue(func() int { return leafAt(rawPath) })
)
