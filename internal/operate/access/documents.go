package access

import (
	"crypto/sha256"
	"runtime"

	"golang.org/x/sync/errgroup"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/evidence"
)

// documents compiles policy documents, each distinct one once: principals that
// were made from one mould share the compiled form. Documents are gathered and
// compiled in batches by several workers, so that neither the documents of an
// estate nor the time of one processor are the limit.
type documents struct {
	known   map[[sha256.Size]byte]*iam.Policy
	waiting []document
	workers []*iam.Compiler // one for each, so that policies share what they can
}

// document is one that waits to be compiled, and where the result goes.
type document struct {
	name string
	body any
	put  func(*iam.Policy)
	key  [sha256.Size]byte
}

// batch is how many documents wait at most; what they were decoded from is
// garbage afterwards.
const batch = 2048

func newDocuments() *documents {
	d := &documents{known: map[[sha256.Size]byte]*iam.Policy{}}
	for range runtime.GOMAXPROCS(0) {
		d.workers = append(d.workers, iam.NewCompiler())
	}
	return d
}

// add has a document compiled; put is called before done returns.
func (d *documents) add(name string, body any, put func(*iam.Policy)) {
	d.waiting = append(d.waiting, document{name: name, body: body, put: put})
	if len(d.waiting) == batch {
		d.done()
	}
}

// done compiles what waits.
func (d *documents) done() {
	parallel(len(d.waiting), func(_, from, to int) {
		var buffer []byte
		for i := from; i < to; i++ {
			buffer = d.waiting[i].identify(buffer[:0])
		}
	})
	var fresh []int
	for i := range d.waiting {
		if _, ok := d.known[d.waiting[i].key]; !ok {
			d.known[d.waiting[i].key] = nil
			fresh = append(fresh, i)
		}
	}
	compiled := make([]*iam.Policy, len(fresh))
	parallel(len(fresh), func(worker, from, to int) {
		for i := from; i < to; i++ {
			w := &d.waiting[fresh[i]]
			compiled[i] = d.workers[worker].Compile(w.name, policy.Of(w.body))
		}
	})
	for i, p := range compiled {
		d.known[d.waiting[fresh[i]].key] = p
	}
	for i := range d.waiting {
		d.waiting[i].put(d.known[d.waiting[i].key])
	}
	clear(d.waiting)
	d.waiting = d.waiting[:0]
}

// identify sets the document's key, by its name and content. It returns the
// buffer it wrote them to, for the next.
func (w *document) identify(b []byte) []byte {
	b = append(append(b, w.name...), 0)
	b, err := evidence.Append(b, w.body)
	if err != nil { // endless nesting, a value that no document has
		w.body = evidence.Unknown{Reason: "the policy cannot be read: " + err.Error()}
		b = append(b, err.Error()...)
	}
	w.key = sha256.Sum256(b)
	return b
}

// parallel splits 0 to n-1 among workers, of which there are at most as many as
// processors, and returns when all are done.
func parallel(n int, f func(worker, from, to int)) {
	workers := min(runtime.GOMAXPROCS(0), (n+63)/64)
	if workers <= 1 {
		f(0, 0, n)
		return
	}
	var group errgroup.Group
	for w := range workers {
		group.Go(func() error {
			f(w, w*n/workers, (w+1)*n/workers)
			return nil
		})
	}
	_ = group.Wait() // the workers return no error
}
