package app

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"

	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/sync/errgroup"

	"holdfast.dev/holdfast/internal/engine/iam"
)

// Answer is what came of one line.
type Answer struct {
	Line     int // 1-based
	Question Question
	*iam.Explanation
	Err error // the line could not be read; there is no explanation then
}

// maxQuestion is how long a line may be: more than all policies that can apply to
// a request have together.
const maxQuestion = 4 << 20

// questionBatch is how many lines one worker takes at a time.
const questionBatch = 64

// Answers reads requests, one a line, decides each and hands the answers over in
// the order of the lines. It returns how many lines could not be read.
func Answers(ctx context.Context, in io.Reader, each func(*Answer) error) (unread int, err error) {
	questions := NewQuestions()
	queue := make(chan chan []Answer, 2*runtime.GOMAXPROCS(0)) // keeps the order
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(queue)
		return readLines(ctx, in, func(batch []numbered) error {
			slot := make(chan []Answer, 1)
			select {
			case queue <- slot:
			case <-ctx.Done():
				return ctx.Err()
			}
			group.Go(func() error {
				slot <- answerAll(questions, batch)
				return nil
			})
			return nil
		})
	})
	group.Go(func() error {
		for slot := range queue {
			answers := <-slot
			for i := range answers {
				if answers[i].Err != nil {
					unread++
				}
				if err := each(&answers[i]); err != nil {
					return err
				}
			}
		}
		return nil
	})
	err = group.Wait()
	return unread, err
}

// numbered is a line with its number. One that is too long has no text.
type numbered struct {
	number int
	text   []byte
}

// readLines reads lines and hands them over in batches. Empty lines are passed
// over.
func readLines(ctx context.Context, in io.Reader, hand func([]numbered) error) error {
	r := bufio.NewReaderSize(in, 1<<20)
	var batch []numbered
	for number := 1; ; number++ {
		text, err := readLine(r)
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("line %d: %w", number, err)
		}
		if number == 1 {
			text = bytes.TrimPrefix(text, []byte("\ufeff"))
		}
		if text == nil || len(bytes.TrimSpace(text)) > 0 {
			batch = append(batch, numbered{number, text})
		}
		if len(batch) == questionBatch || err != nil && len(batch) > 0 {
			if err := hand(batch); err != nil {
				return err
			}
			batch = nil
		}
		if err != nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// readLine reads one line, however it ends; nil where it is too long.
func readLine(r *bufio.Reader) ([]byte, error) {
	line, tooLong := []byte{}, false
	for {
		part, err := r.ReadSlice('\n')
		if !tooLong {
			line = append(line, part...)
			tooLong = len(line) > maxQuestion
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if tooLong {
			return nil, err
		}
		return line, err
	}
}

func answerAll(q *Questions, batch []numbered) []Answer {
	out := make([]Answer, len(batch))
	for i, line := range batch {
		out[i] = answer(q, line)
	}
	return out
}

func answer(q *Questions, line numbered) Answer {
	a := Answer{Line: line.number}
	if line.text == nil {
		a.Err = fmt.Errorf("the line is longer than the %d bytes that are read of one", maxQuestion)
		return a
	}
	if a.Question, a.Err = q.Parse(line.text); a.Err != nil {
		return a
	}
	a.Explanation = iam.Explain(a.Question.Request, &a.Question.Policies)
	return a
}

// AppendJSON appends the answer as one line of JSON.
func (a *Answer) AppendJSON(b []byte) ([]byte, error) {
	b = append(b, '{')
	if len(a.Question.ID) > 0 {
		b = append(append(append(b, `"id":`...), bytes.TrimSpace(a.Question.ID)...), ',')
	}
	if a.Err != nil {
		b = fmt.Appendf(b, `"line":%d,"error":`, a.Line)
		b, err := jsontext.AppendQuote(b, a.Err.Error())
		return append(b, "}\n"...), err
	}
	b = fmt.Appendf(b, `"decision":%q,"allowed":%q`, a.Decision, a.Allowed)
	if a.Layer != iam.NoLayer {
		b = fmt.Appendf(b, `,"layer":%q`, a.Layer)
	}
	b = append(b, `,"by":[`...)
	var err error
	for i := range a.By {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = appendRef(b, &a.By[i]); err != nil {
			return b, err
		}
	}
	b = append(b, `],"missing":[`...)
	for i, key := range a.Missing {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = jsontext.AppendQuote(b, key); err != nil {
			return b, err
		}
	}
	return append(b, "]}\n"...), nil
}

func appendRef(b []byte, r *iam.Ref) ([]byte, error) {
	b = fmt.Appendf(b, `{"layer":%q`, r.Layer)
	for _, f := range []struct{ name, value string }{{"node", r.Node}, {"policy", r.Policy}, {"sid", r.Sid}, {"effect", string(r.Effect)}} {
		if f.name == "sid" && r.Effect != "" {
			b = fmt.Appendf(b, `,"statement":%d`, r.Statement)
		}
		if f.value == "" {
			continue
		}
		var err error
		if b, err = jsontext.AppendQuote(append(append(append(b, `,"`...), f.name...), `":`...), f.value); err != nil {
			return b, err
		}
	}
	return append(b, '}'), nil
}
