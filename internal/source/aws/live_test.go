package aws_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/account"
	"github.com/aws/aws-sdk-go-v2/service/account/types"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/source/aws"
)

const (
	management = "111122223333"
	member     = "222233334444"
	closedDoor = "333344445555"
	suspended  = "444455556666"
)

// cloud is as much of AWS as finding one's way takes, over HTTP: STS in XML,
// Organizations and Account in JSON.
type cloud struct {
	mu       sync.Mutex
	seen     []string // operation and access key of each request
	throttle int      // GetContactInformation is throttled so often
	expired  bool     // STS says that the token has expired
	endless  bool     // GetContactInformation says so
	noAccess bool     // ListRegions is denied
}

func (c *cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	form, _ := url.ParseQuery(string(body)) // other protocols are no forms
	operation := form.Get("Action")
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		_, operation, _ = strings.Cut(target, ".")
	}
	if operation == "" {
		operation = strings.TrimPrefix(r.URL.Path, "/")
	}
	_, key, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	key, _, _ = strings.Cut(key, "/")
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen = append(c.seen, operation+" "+key)
	c.answer(w, operation, key, form, string(body))
}

func (c *cloud) answer(w http.ResponseWriter, operation, key string, form url.Values, body string) {
	switch operation {
	case "GetCallerIdentity":
		if c.expired {
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `<ErrorResponse><Error><Type>Sender</Type><Code>ExpiredToken</Code><Message>The security token included in the request is expired</Message></Error><RequestId>r</RequestId></ErrorResponse>`)
			return
		}
		id := management
		if key == "ASIAMEMBER" {
			id = member
		}
		fmt.Fprintf(w, `<GetCallerIdentityResponse><GetCallerIdentityResult><Account>%s</Account><Arn>arn:aws-cn:sts::%s:assumed-role/x/y</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>`, id, id)
	case "AssumeRole":
		role := form.Get("RoleArn")
		if strings.Contains(role, closedDoor) || form.Get("ExternalId") != "shared-secret" {
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprintf(w, `<ErrorResponse><Error><Code>AccessDenied</Code><Message>not authorized to perform: sts:AssumeRole on resource: %s</Message></Error><RequestId>11111111-2222-3333-4444-555555555555</RequestId></ErrorResponse>`, role)
			return
		}
		fmt.Fprint(w, `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAMEMBER</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`)
	case "DescribeOrganization":
		fmt.Fprintf(w, `{"Organization":{"Id":"o-abcd123456","MasterAccountId":%q}}`, management)
	case "ListAccounts":
		c.accounts(w, body)
	case "listRegions":
		c.regions(w, body)
	case "getContactInformation":
		c.contact(w)
	default:
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"__type":"UnknownOperationException","message":%q}`, operation)
	}
}

func (c *cloud) accounts(w io.Writer, body string) {
	switch {
	case strings.Contains(body, `"MaxResults":1`):
		fmt.Fprint(w, `{"Accounts":[]}`)
	case !strings.Contains(body, "NextToken"):
		fmt.Fprintf(w, `{"Accounts":[{"Id":%q,"State":"ACTIVE"},{"Id":%q,"State":"SUSPENDED"}],"NextToken":"more"}`, management, suspended)
	default:
		fmt.Fprintf(w, `{"Accounts":[{"Id":%q,"State":"ACTIVE"},{"Id":%q,"Status":"ACTIVE"}]}`, member, closedDoor)
	}
}

func (c *cloud) regions(w http.ResponseWriter, body string) {
	if c.noAccess {
		w.WriteHeader(http.StatusForbidden)
		w.Header().Set("X-Amzn-Errortype", "AccessDeniedException")
		fmt.Fprint(w, `{"__type":"AccessDeniedException","message":"no"}`)
		return
	}
	if strings.Contains(body, `"DISABLED"`) {
		http.Error(w, "disabled Regions are of no use", http.StatusBadRequest)
		return
	}
	fmt.Fprint(w, `{"Regions":[{"RegionName":"cn-northwest-1","RegionOptStatus":"ENABLED_BY_DEFAULT"},{"RegionName":"cn-north-1","RegionOptStatus":"ENABLED_BY_DEFAULT"}]}`)
}

func (c *cloud) contact(w http.ResponseWriter) {
	fail := func(status int, code string) {
		w.Header().Set("X-Amzn-Errortype", code)
		w.WriteHeader(status)
		fmt.Fprint(w, `{"message":"Rate exceeded"}`)
	}
	if c.endless {
		fail(http.StatusForbidden, "ExpiredTokenException")
		return
	}
	if c.throttle > 0 {
		c.throttle--
		fail(http.StatusTooManyRequests, "TooManyRequestsException")
		return
	}
	fmt.Fprint(w, `{"ContactInformation":{"FullName":"Example"}}`)
}

func (c *cloud) count(operation string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, s := range c.seen {
		if strings.HasPrefix(s, operation+" ") {
			n++
		}
	}
	return n
}

// start serves the cloud and points the SDK's environment at it.
func start(t *testing.T, c *cloud) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	none := filepath.Join(t.TempDir(), "none")
	if err := os.WriteFile(none, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for k, v := range map[string]string{
		"AWS_ENDPOINT_URL": server.URL, "AWS_ACCESS_KEY_ID": "AKIABASE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "",
		"AWS_REGION": "cn-north-1", "AWS_PROFILE": "", "AWS_CONFIG_FILE": none, "AWS_SHARED_CREDENTIALS_FILE": none, "AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(k, v)
	}
	return server
}

// contactCollector reads one thing of each account or Region.
func contactCollector(scope aws.Scope) aws.Collector {
	return aws.Collector{
		Name: "contact", Service: "account", Scope: scope, Types: []string{"Holdfast::Account::Contacts"},
		Actions: []string{"account:GetContactInformation"}, Operations: []string{"account.GetContactInformation"},
		Collect: func(ctx context.Context, s *aws.Session) error {
			out, err := aws.Call(ctx, s, "account", "GetContactInformation", account.NewFromConfig(s.Config).GetContactInformation, &account.GetContactInformationInput{})
			if err != nil {
				return err
			}
			s.Emit(evidence.Resource{Type: "Holdfast::Account::Contacts", ID: s.Account, Properties: map[string]any{"FullName": *out.ContactInformation.FullName}})
			return nil
		},
	}
}

func noSleep(ctx context.Context, _ time.Duration) error { return ctx.Err() }

func collect(t *testing.T, w *aws.World, o aws.RunOptions) ([]aws.Batch, error) {
	t.Helper()
	var batches []aws.Batch
	o.Sink = func(_ context.Context, b aws.Batch) error {
		if b.Unit.Collector != "discovery" || len(b.Gaps) > 0 {
			batches = append(batches, b)
		}
		return nil
	}
	o.Sleep = noSleep
	err := aws.Run(t.Context(), w, o)
	slices.SortFunc(batches, func(a, b aws.Batch) int { return strings.Compare(a.Unit.String(), b.Unit.String()) })
	return batches, err
}

func TestLiveVisitsTheOrganisation(t *testing.T) {
	c := &cloud{}
	start(t, c)
	w, err := aws.Live(t.Context(), aws.Options{Collectors: []aws.Collector{contactCollector(aws.GlobalScope)}, Org: true, ExternalID: "shared-secret"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, target := range w.Targets {
		got = append(got, fmt.Sprintf("%s %s %v %d gaps, org %t", target.Account, target.Partition, target.Regions, len(target.Gaps), target.OrgAccess))
	}
	want := []string{
		management + " aws-cn [cn-north-1 cn-northwest-1] 0 gaps, org true",
		member + " aws-cn [cn-north-1 cn-northwest-1] 0 gaps, org false",
		closedDoor + " aws-cn [] 1 gaps, org false",
	}
	if !slices.Equal(got, want) {
		t.Fatalf("targets %q, want %q", got, want)
	}
	if w.Org.Visits(closedDoor) || !w.Org.Visits(member) {
		t.Error("an account that could not be entered counts as visited, or the other way round")
	}
	batches, err := collect(t, w, aws.RunOptions{})
	if err != nil || len(batches) != 3 {
		t.Fatalf("%d batches, %v", len(batches), err)
	}
	gap := batches[2].Gaps[0]
	if gap.Reason != evidence.Denied || gap.Operation != "AssumeRole" || !slices.Equal(gap.Types, []string{"Holdfast::Account::Contacts"}) || strings.Contains(gap.Detail, "11111111") {
		t.Errorf("the closed account's gap is %+v", gap)
	}
	if !slices.Contains(c.seen, "getContactInformation ASIAMEMBER") || !slices.Contains(c.seen, "getContactInformation AKIABASE") {
		t.Errorf("each account has to be asked with its own credentials: %q", c.seen)
	}
}

func TestServiceEndpointIsHonoured(t *testing.T) {
	start(t, &cloud{})
	other := &cloud{}
	server := httptest.NewServer(other)
	t.Cleanup(server.Close)
	t.Setenv("AWS_ENDPOINT_URL_ACCOUNT", server.URL)
	w, err := aws.Live(t.Context(), aws.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if other.count("listRegions") != 1 || len(w.Targets[0].Regions) != 2 {
		t.Errorf("AWS_ENDPOINT_URL_ACCOUNT was passed by: %q", other.seen)
	}
}

func TestExpiredCredentialsEndInOneSentence(t *testing.T) {
	start(t, &cloud{expired: true})
	_, err := aws.Live(t.Context(), aws.Options{Profile: ""})
	var credentials *aws.CredentialsError
	if !errors.As(err, &credentials) || !strings.Contains(err.Error(), "have expired") || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v", err)
	}
}

func TestNoWayInEndsInOneSentence(t *testing.T) {
	start(t, &cloud{}).Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, err := aws.Live(ctx, aws.Options{})
	if err == nil || !strings.Contains(err.Error(), "AWS cannot be reached") || strings.Contains(err.Error(), "credentials") {
		t.Errorf("without a network: %v", err)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	_, err = aws.Live(ctx, aws.Options{Profile: ""})
	var credentials *aws.CredentialsError
	if !errors.As(err, &credentials) || strings.Contains(err.Error(), "operation error STS") {
		t.Errorf("without credentials: %v", err)
	}
}

// journal keeps finished units in memory.
type journal struct{ units []string }

func (j *journal) Done(u aws.Unit) bool    { return slices.Contains(j.units, u.String()) }
func (j *journal) Finish(u aws.Unit) error { j.units = append(j.units, u.String()); return nil }
func (j *journal) String() string          { return strings.Join(j.units, " ") }

func TestCredentialsThatExpireMidwayLeaveAResumableRun(t *testing.T) {
	c := &cloud{endless: true}
	start(t, c)
	w, err := aws.Live(t.Context(), aws.Options{Collectors: []aws.Collector{contactCollector(aws.GlobalScope)}})
	if err != nil {
		t.Fatal(err)
	}
	done := &journal{}
	batches, err := collect(t, w, aws.RunOptions{Progress: done})
	var credentials *aws.CredentialsError
	if !errors.As(err, &credentials) || len(batches) != 0 || len(done.units) != 0 {
		t.Fatalf("%v, %d batches, journal %s", err, len(batches), done)
	}
	c.mu.Lock()
	c.endless = false
	c.mu.Unlock()
	batches, err = collect(t, w, aws.RunOptions{Progress: done})
	if err != nil || len(batches) != 1 || done.String() != management+"/global/contact" {
		t.Fatalf("%v, %d batches, journal %s", err, len(batches), done)
	}
	if batches, err = collect(t, w, aws.RunOptions{Progress: done}); err != nil || len(batches) != 0 {
		t.Errorf("a finished unit ran again: %v, %v", batches, err)
	}
}

func TestThrottlingIsPacedAndNotHammered(t *testing.T) {
	c := &cloud{throttle: 3}
	start(t, c)
	w, err := aws.Live(t.Context(), aws.Options{Collectors: []aws.Collector{contactCollector(aws.GlobalScope)}})
	if err != nil {
		t.Fatal(err)
	}
	batches, err := collect(t, w, aws.RunOptions{})
	if err != nil || len(batches) != 1 || len(batches[0].Resources) != 1 {
		t.Fatalf("%v, %+v", err, batches)
	}
	if n := c.count("getContactInformation"); n != 4 {
		t.Errorf("%d requests for three throttlings and an answer; the SDK retries on its own", n)
	}
}

func TestNothingOffTheListLeavesTheProcess(t *testing.T) {
	c := &cloud{}
	start(t, c)
	var got error
	sly := contactCollector(aws.GlobalScope)
	sly.Collect = func(ctx context.Context, s *aws.Session) error {
		_, got = account.NewFromConfig(s.Config).PutAlternateContact(ctx, &account.PutAlternateContactInput{
			AlternateContactType: types.AlternateContactTypeSecurity, EmailAddress: new(string), Name: new(string), PhoneNumber: new(string), Title: new(string),
		})
		return got
	}
	w, err := aws.Live(t.Context(), aws.Options{Collectors: []aws.Collector{sly}})
	if err != nil {
		t.Fatal(err)
	}
	batches, err := collect(t, w, aws.RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var refused *aws.RefusedError
	if !errors.As(got, &refused) || refused.Operation != "PutAlternateContact" || refused.Service != "account" {
		t.Errorf("the call was answered %v", got)
	}
	if c.count("putAlternateContact") != 0 {
		t.Error("the request left the process")
	}
	if len(batches) != 1 || len(batches[0].Complete) != 0 || len(batches[0].Gaps) != 1 {
		t.Errorf("a refused unit counts as complete: %+v", batches)
	}
}

func TestRegionsWithoutListRegions(t *testing.T) {
	start(t, &cloud{noAccess: true})
	o := aws.Options{Collectors: []aws.Collector{contactCollector(aws.Regional)}}
	w, err := aws.Live(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if g := w.Targets[0].Gaps; len(g) != 1 || g[0].Reason != evidence.Denied || len(g[0].Types) != 1 {
		t.Errorf("gaps %+v", g)
	}
	o.ListRegions = func(_ context.Context, _ sdk.Config) ([]aws.Region, error) {
		return []aws.Region{{Name: "cn-north-1"}}, nil
	}
	if w, err = aws.Live(t.Context(), o); err != nil || !slices.Equal(w.Targets[0].Regions, []string{"cn-north-1"}) || len(w.Targets[0].Gaps) != 0 {
		t.Errorf("%+v, %v", w, err)
	}
}
