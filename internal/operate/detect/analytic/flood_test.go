package analytic

import (
	"fmt"
	"runtime"
	"testing"
	"time"
)

// TestFlood sends events of ever new principals, addresses, software and actions: no
// engine holds more than it says, and each tells that it had to forget.
func TestFlood(t *testing.T) {
	const principals = 2000
	for _, x := range []struct {
		engine string
		params map[string]any
		make   func(i int) *Activity
	}{
		{"first-seen", map[string]any{"of": "user-agent"}, func(i int) *Activity {
			return call(i, start.Add(time.Duration(i)*time.Second), "s3", "ListBuckets", with(fmt.Sprintf("tool%cx%d/1", 'a'+i%26, i)))
		}},
		{"new-place", map[string]any{"of": "asn"}, func(i int) *Activity {
			return call(i, start.Add(time.Duration(i)*time.Second), "s3", "ListBuckets", from(fmt.Sprintf("198.51.100.%d", i%100)))
		}},
		{"rarity", map[string]any{}, func(i int) *Activity {
			return call(i, start.Add(time.Duration(i)*time.Second), "s3", fmt.Sprintf("ListThing%d", i), with(fmt.Sprintf("tool%cx%d/1", 'a'+i%26, i)))
		}},
		{"recon-burst", map[string]any{}, func(i int) *Activity {
			return call(i, start.Add(time.Duration(i)*time.Second), "s3", fmt.Sprintf("ListThing%d", i), reading)
		}},
		{"access-denied-burst", map[string]any{}, func(i int) *Activity {
			return call(i, start.Add(time.Duration(i)*time.Second), "s3", fmt.Sprintf("ListThing%d", i), failing("AccessDenied"))
		}},
		{"mass-delete", map[string]any{}, func(i int) *Activity {
			return call(i, start.Add(time.Duration(i)*time.Second), "ec2", "DeleteSnapshot")
		}},
		{"impossible-travel", map[string]any{"of": "calls"}, func(i int) *Activity {
			return call(i, start.Add(time.Duration(i)*time.Second), "ec2", "DescribeVpcs", from(fmt.Sprintf("198.51.100.%d", i%100)))
		}},
	} {
		t.Run(x.engine, func(t *testing.T) {
			x.params["principals"] = principals
			a := made(t, x.engine, ExampleWorld(), x.params)
			before := heap()
			for i := range 30_000 {
				e := x.make(i)
				if i%4 != 0 { // a quarter is one principal's, who does ever new things
					by(fmt.Sprintf("user-with-a-name-of-usual-length-%d", i))(e)
				} else {
					by("the-same")(e)
				}
				see(a, e)
			}
			used := int64(heap()) - int64(before)
			state, err := a.Save()
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%d bytes in memory, %d saved, for %d principals", used, len(state), principals)
			if most := int64(principals * 3000); used > most {
				t.Errorf("%d bytes in memory, %d are the most", used, most)
			}
			if what, off := a.(Limited).Lacks(); off || what == "" {
				t.Errorf("it forgot most, and says %q", what)
			}
			runtime.KeepAlive(a)
		})
	}
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
