package cloudtrail

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"
)

// Queue is a queue of notifications, as far as following needs it. The one that speaks
// to SQS lies in internal/source/aws/trail.
type Queue interface {
	// Receive waits for messages for some seconds, and hides them from others while
	// they are worked on. The two lists belong together.
	Receive(ctx context.Context) (receipts, bodies []string, err error)
	// Keep hides messages for longer.
	Keep(ctx context.Context, receipts []string) error
	// Delete takes messages out of the queue.
	Delete(ctx context.Context, receipts []string) error
}

// Notified finds the files that notifications in a queue tell of. A message stays in
// the queue until all of its files are done.
type Notified struct {
	Queue Queue
	// Bucket gives the bucket of a name, and refuses those that are not to be read.
	Bucket func(name string) (Bucket, error)
	Prefix string // only keys below; "" is all
	Selection
	// Odd is told of messages that are not understood. They stay in the queue, where
	// its dead-letter queue catches them; nil tells nobody.
	Odd func(error)

	mu      sync.Mutex
	waiting map[string]*message // by receipt
	buckets map[string]Bucket
}

// message is one whose files are not all done.
type message struct {
	receipt string
	files   map[string]bool
}

// Find takes the next messages. It gives no file where none came for some seconds.
func (n *Notified) Find(ctx context.Context, _ time.Time) ([]File, error) {
	n.forget()
	receipts, bodies, err := n.Queue.Receive(ctx)
	if err != nil {
		return nil, fmt.Errorf("receiving notifications: %w", err)
	}
	var files []File
	var empty []string
	for i, body := range bodies {
		objects, err := Notice([]byte(body))
		if err != nil {
			if n.Odd != nil {
				n.Odd(err)
			}
			continue
		}
		m, found, err := n.message(receipts[i], objects)
		switch {
		case err != nil:
			if n.Odd != nil {
				n.Odd(err)
			}
		case len(found) == 0:
			empty = append(empty, m.receipt)
		default:
			n.remember(m)
			files = append(files, found...)
		}
	}
	Order(files)
	return files, n.delete(ctx, empty)
}

// message gives the files of a notification. Where a bucket cannot be reached the message
// has to come again.
func (n *Notified) message(receipt string, objects []Created) (*message, []File, error) {
	m := &message{receipt: receipt, files: map[string]bool{}}
	var files []File
	for _, o := range objects {
		if !n.concerns(o.Key) {
			continue
		}
		b, err := n.bucket(o.Bucket)
		if err != nil {
			return nil, nil, fmt.Errorf("a notification about s3://%s/%s: %w", o.Bucket, o.Key, err)
		}
		if f := (&Remote{Bucket: b, Name: o.Bucket}).file(o.Key); !m.files[f.Name] {
			m.files[f.Name] = true
			files = append(files, f)
		}
	}
	return m, files, nil
}

// bucket asks for each bucket once.
func (n *Notified) bucket(name string) (Bucket, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if b, ok := n.buckets[name]; ok {
		return b, nil
	}
	b, err := n.Bucket(name)
	if err != nil {
		return nil, err
	}
	if n.buckets == nil {
		n.buckets = map[string]Bucket{}
	}
	n.buckets[name] = b
	return b, nil
}

func (n *Notified) concerns(key string) bool {
	return strings.HasPrefix(key, n.Prefix) && logName(key[strings.LastIndexByte(key, '/')+1:]) && n.wants(key)
}

// File is the file of a name.
func (n *Notified) File(name string) (File, bool) {
	bucket, key, ok := Location(name)
	if !ok {
		return File{}, false
	}
	b, err := n.bucket(bucket)
	if err != nil {
		return File{}, false
	}
	return (&Remote{Bucket: b, Name: bucket}).file(key), true
}

func (n *Notified) remember(m *message) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.waiting == nil {
		n.waiting = map[string]*message{}
	}
	n.waiting[m.receipt] = m
}

// forget lets go of messages whose files were not done: they come again.
func (n *Notified) forget() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.waiting = nil
}

// Done deletes the messages of which all files are done.
func (n *Notified) Done(ctx context.Context, files []File) error {
	n.mu.Lock()
	var ready []string
	for receipt, m := range n.waiting {
		for _, f := range files {
			delete(m.files, f.Name)
		}
		if len(m.files) == 0 {
			delete(n.waiting, receipt)
			ready = append(ready, receipt)
		}
	}
	n.mu.Unlock()
	return n.delete(ctx, ready)
}

func (n *Notified) delete(ctx context.Context, receipts []string) error {
	if len(receipts) == 0 {
		return nil
	}
	if err := n.Queue.Delete(ctx, receipts); err != nil {
		return fmt.Errorf("deleting notifications: %w", err)
	}
	return nil
}

// Keep hides the messages that are being worked on for longer.
func (n *Notified) Keep(ctx context.Context) error {
	n.mu.Lock()
	var receipts []string
	for receipt := range n.waiting {
		receipts = append(receipts, receipt)
	}
	n.mu.Unlock()
	if len(receipts) == 0 {
		return nil
	}
	return n.Queue.Keep(ctx, receipts)
}
