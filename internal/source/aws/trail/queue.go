package trail

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// Queue receives notifications. Its methods may be called from several goroutines.
type Queue struct {
	Hidden time.Duration // how long others do not see what was received
	Wait   time.Duration // for messages, at most 20 seconds

	client *sqs.Client
	url    string
}

// Queue is the queue of a URL, as the console shows it.
func (r *Reader) Queue(queue string) (*Queue, error) {
	u, err := url.Parse(queue)
	if err != nil || u.Host == "" || strings.Trim(u.Path, "/") == "" {
		return nil, fmt.Errorf("%q is no URL of an SQS queue, as https://sqs.eu-west-1.amazonaws.com/111122223333/cloudtrail", queue)
	}
	client := sqs.NewFromConfig(r.config, func(o *sqs.Options) {
		if parts := strings.Split(u.Hostname(), "."); len(parts) > 2 && parts[0] == "sqs" {
			o.Region = parts[1]
		}
	})
	return &Queue{client: client, url: queue, Hidden: 5 * time.Minute, Wait: 20 * time.Second}, nil
}

// mostMessages is what SQS takes in one request.
const mostMessages = 10

// Receive gives the next messages; none where none came in time.
func (q *Queue) Receive(ctx context.Context) (receipts, bodies []string, err error) {
	out, err := q.client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl: &q.url, MaxNumberOfMessages: mostMessages,
		VisibilityTimeout: int32(q.Hidden / time.Second), WaitTimeSeconds: int32(min(q.Wait, 20*time.Second) / time.Second),
	})
	if err != nil {
		return nil, nil, refused("ReceiveMessage", q.url, err)
	}
	for _, m := range out.Messages {
		if m.ReceiptHandle != nil && m.Body != nil {
			receipts, bodies = append(receipts, *m.ReceiptHandle), append(bodies, *m.Body)
		}
	}
	return receipts, bodies, nil
}

// Keep hides messages for as long again.
func (q *Queue) Keep(ctx context.Context, receipts []string) error {
	for part := range slices.Chunk(receipts, mostMessages) {
		in := &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &q.url}
		for i, r := range part {
			in.Entries = append(in.Entries, types.ChangeMessageVisibilityBatchRequestEntry{
				Id: sdk.String(fmt.Sprint(i)), ReceiptHandle: sdk.String(r), VisibilityTimeout: int32(q.Hidden / time.Second),
			})
		}
		out, err := q.client.ChangeMessageVisibilityBatch(ctx, in)
		if err != nil {
			return refused("ChangeMessageVisibility", q.url, err)
		}
		if err := q.failed("ChangeMessageVisibility", out.Failed); err != nil {
			return err
		}
	}
	return nil
}

// Delete takes messages out of the queue.
func (q *Queue) Delete(ctx context.Context, receipts []string) error {
	for part := range slices.Chunk(receipts, mostMessages) {
		in := &sqs.DeleteMessageBatchInput{QueueUrl: &q.url}
		for i, r := range part {
			in.Entries = append(in.Entries, types.DeleteMessageBatchRequestEntry{Id: sdk.String(fmt.Sprint(i)), ReceiptHandle: sdk.String(r)})
		}
		out, err := q.client.DeleteMessageBatch(ctx, in)
		if err != nil {
			return refused("DeleteMessage", q.url, err)
		}
		if err := q.failed("DeleteMessage", out.Failed); err != nil {
			return err
		}
	}
	return nil
}

// failed gives the first refusal inside an answer that is none as a whole.
func (q *Queue) failed(operation string, failed []types.BatchResultErrorEntry) error {
	if len(failed) == 0 {
		return nil
	}
	f := failed[0]
	return refused(operation, q.url, fmt.Errorf("%d of the messages: %s: %s", len(failed), sdk.ToString(f.Code), sdk.ToString(f.Message)))
}
