package lake

import (
	"strconv"
	"strings"
)

// The activities of API Activity.
const (
	activityUnknown = 0
	activityCreate  = 1
	activityRead    = 2
	activityUpdate  = 3
	activityDelete  = 4
	activityOther   = 99
)

var activities = map[int]string{
	activityUnknown: "Unknown", activityCreate: "Create", activityRead: "Read", activityUpdate: "Update", activityDelete: "Delete", activityOther: "Other",
}

// verbs are how the names of operations begin, by what OCSF calls it. The longest that
// fits decides.
var verbs = []struct {
	activity int
	words    string
}{
	{activityCreate, "Create Run Allocate Register Import Request Generate Issue Provision Purchase Launch Copy Restore Clone"},
	{activityRead, "Get List Describe Head Lookup BatchGet Search Query Scan Select View Check Validate Preview Simulate Estimate Download Read Test Verify Filter Resolve Count"},
	{activityUpdate, "Update Put Modify Attach Detach Associate Disassociate Add Set Enable Disable Tag Untag Change Reset Replace Authorize Revoke Start Stop Reboot Batch Apply Rotate Move Assign Unassign Accept Reject Activate Deactivate Upgrade Increase Decrease Extend Merge Post Publish Invite Join Leave"},
	{activityDelete, "Delete Remove Terminate Release Deregister Cancel Purge Destroy Unregister Abort Expire ScheduleKeyDeletion BatchDelete"},
}

// activity is what an operation does, as far as its name tells.
func activity(operation string) int {
	if operation == "" {
		return activityUnknown
	}
	found, longest := activityOther, 0
	for _, v := range verbs {
		for word := range strings.FieldsSeq(v.words) {
			if len(word) > longest && strings.HasPrefix(operation, word) && wordEnds(operation, len(word)) {
				found, longest = v.activity, len(word)
			}
		}
	}
	return found
}

// wordEnds tells whether a word of an operation's name ends at i: Listen is not List.
func wordEnds(operation string, i int) bool {
	return i == len(operation) || operation[i] < 'a' || operation[i] > 'z'
}

func activityID(operation string) string   { return strconv.Itoa(activity(operation)) }
func activityName(operation string) string { return activities[activity(operation)] }
func typeUID(operation string) string      { return class + leftPad(activity(operation)) }

func leftPad(n int) string {
	if n < 10 {
		return "0" + strconv.Itoa(n)
	}
	return strconv.Itoa(n)
}

// A call with an error code failed; OCSF calls that 2, and success 1.
func statusID(errorCode string) string {
	if errorCode == "" {
		return "1"
	}
	return "2"
}

func status(errorCode string) string {
	if errorCode == "" {
		return "Success"
	}
	return "Failure"
}
