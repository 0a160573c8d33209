package app

import (
	"fmt"
	"io"
	"net/netip"
	"os"

	"holdfast.dev/holdfast/internal/operate/detect/analytic"
)

// mostGeo bounds a geo database, which is read into memory. The large ones have some
// hundred megabytes.
const mostGeo = 1 << 30

// knowWorld reads the files that say where addresses are, and which are AWS's.
func (w Workspace) knowWorld(world *analytic.World) error {
	var places []func(netip.Addr) (analytic.Place, bool)
	for _, name := range w.Detect.Geo.MMDB {
		look, err := w.openMMDB(name)
		if err != nil {
			return fmt.Errorf("detect.geo.mmdb: %w", err)
		}
		places = append(places, look)
	}
	for _, name := range w.Detect.Geo.CSV {
		look, err := read(w.path(name), analytic.ReadPlaces)
		if err != nil {
			return fmt.Errorf("detect.geo.csv: %w", err)
		}
		places = append(places, look)
	}
	if len(places) > 0 {
		world.Places = analytic.Together(places...)
	}
	if w.Detect.Ranges == "" {
		return nil
	}
	var err error
	if world.Services, err = read(w.path(w.Detect.Ranges), analytic.ReadServices); err != nil {
		return fmt.Errorf("detect.aws_ranges: %w; https://ip-ranges.amazonaws.com/ip-ranges.json has it", err)
	}
	return nil
}

func (w Workspace) openMMDB(name string) (func(netip.Addr) (analytic.Place, bool), error) {
	name = w.path(name)
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.Size() > mostGeo {
		return nil, fmt.Errorf("%s has %d bytes; %d is the most", name, info.Size(), mostGeo)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	look, err := analytic.OpenPlaces(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return look, nil
}

// read opens a file for a reader of its content.
func read[T any](name string, parse func(io.Reader) (T, error)) (out T, err error) {
	f, err := os.Open(name)
	if err != nil {
		return out, err
	}
	defer f.Close()
	if out, err = parse(f); err != nil {
		return out, fmt.Errorf("%s: %w", name, err)
	}
	return out, nil
}
