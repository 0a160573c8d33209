// Command make writes flow logs of quiet days into a folder, for measurements:
//
//	go run ./internal/source/flowlog/flowtest/make -rows 1000000 -file 25000 -out /tmp/flows
package main

import (
	"compress/gzip"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"holdfast.dev/holdfast/internal/source/flowlog/flowtest"
)

func main() {
	rows := flag.Int("rows", 1_000_000, "rows in all")
	each := flag.Int("file", 25_000, "rows of a file")
	out := flag.String("out", "", "folder")
	long := flag.Bool("long", false, "the long format")
	hosts := flag.Int("hosts", 400, "hosts")
	flag.Parse()
	files := *rows / *each
	for i := range files {
		at := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC).Add(24 * time.Hour * time.Duration(i) / time.Duration(files))
		l := &flowtest.Log{Rows: *each, Start: at, Span: 24 * time.Hour / time.Duration(files), Long: *long, Hosts: *hosts, Seed: uint64(i)}
		name := fmt.Sprintf("111122223333_vpcflowlogs_eu-west-1_fl-1_%s_%06d.log.gz", at.Format("20060102T1504Z"), i)
		if err := write(filepath.Join(*out, name), l); err != nil {
			log.Fatal(err)
		}
	}
}

func write(name string, l *flowtest.Log) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	w := gzip.NewWriter(f)
	_, err = l.WriteTo(w)
	return errors.Join(err, w.Close(), f.Close())
}
