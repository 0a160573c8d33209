package detect

import (
	"reflect"
	"strings"
	"testing"

	"holdfast.dev/holdfast/internal/operate/detect/analytic"
)

func TestCarriedComesBack(t *testing.T) {
	raw := NewRaw([]byte(`{"requestParameters":{"name":"a:b 3:x","odd":"\u0000"}}`))
	x := &analytic.Activity{ID: "e-1", Account: "111122223333", Service: "s3.amazonaws.com", Name: "Get\xffObject", Principal: "arn:aws:iam::1:role/ü", UserAgent: strings.Repeat("x", 300), Record: raw.Record()}
	paths := []string{"requestParameters.name", "requestParameters.odd", "requestParameters.none"}
	var d Detector
	id, data, _ := strings.Cut(d.reference(paths, x), carriedMark)
	want := carried{Account: x.Account, Service: x.Service, Name: "Get\uFFFDObject", Principal: x.Principal, UserAgent: cut(x.UserAgent, mostShown),
		Fields: map[string]string{"requestParameters.name": "a:b 3:x", "requestParameters.odd": "\x00"}}
	if got := readCarried(data); id != x.ID || !reflect.DeepEqual(got, want) {
		t.Errorf("%q\n%+v\nwant\n%+v", id, got, want)
	}
	for _, broken := range []string{"", ":", "5:abc", "-1:a", "1:a1:b99999999999999999999:c", "{}", data[:len(data)-2]} {
		readCarried(broken)
	}
}
