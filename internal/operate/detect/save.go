package detect

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"holdfast.dev/holdfast/internal/operate/detect/analytic"
)

// saved is a Detector's state as it is written down.
type saved struct {
	Version      int             `json:"version"`
	Newest       time.Time       `json:"newest"`
	Logs         []string        `json:"logs,omitempty"`
	Correlations json.RawMessage `json:"correlations"`
	Analytics    []savedAnalytic `json:"analytics,omitempty"`
}

type savedAnalytic struct {
	Name   string `json:"name"`
	Engine string `json:"engine"`
	State  []byte `json:"state"`
}

const savedVersion = 1

// Save writes the state of correlations and analytics down. The same state gives the
// same bytes.
func (d *Detector) Save() ([]byte, error) {
	out := saved{Version: savedVersion, Newest: d.newest, Logs: d.logs}
	var err error
	if out.Correlations, err = d.state.Save(); err != nil {
		return nil, err
	}
	for _, s := range d.analytics {
		state, err := s.analytic.Save()
		if err != nil {
			return nil, fmt.Errorf("writing the state of %q: %w", s.Name, err)
		}
		out.Analytics = append(out.Analytics, savedAnalytic{s.Name, s.Analytic, state})
	}
	return json.Marshal(out)
}

// Load reads back what Save wrote. What belongs to detections that are gone or that
// mean something else now is left out; forgotten names these.
func (d *Detector) Load(data []byte) (forgotten []string, err error) {
	var in saved
	if err := json.Unmarshal(data, &in); err != nil {
		return nil, fmt.Errorf("reading the state of detections: %w", err)
	}
	if in.Version != savedVersion {
		return nil, fmt.Errorf("the state of detections has version %d; this program writes %d. Start without it", in.Version, savedVersion)
	}
	state, forgotten, err := d.engine.LoadState(in.Correlations, d.o.State)
	if err != nil {
		return nil, err
	}
	for _, a := range in.Analytics {
		i := slices.IndexFunc(d.analytics, func(s *speaker) bool { return s.Name == a.Name && s.Analytic == a.Engine })
		if i < 0 {
			forgotten = append(forgotten, a.Name)
			continue
		}
		err := d.analytics[i].analytic.Load(a.State)
		if errors.Is(err, analytic.ErrOther) {
			forgotten = append(forgotten, a.Name)
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading the state of %q: %w", a.Name, err)
		}
	}
	d.state, d.newest = state, in.Newest
	d.sawLogs(in.Logs)
	slices.Sort(forgotten)
	return forgotten, nil
}
