package lake

import (
	"fmt"
	"sort"
	"testing"
)

func TestSizes(t *testing.T) {
	l, err := list(t.Context(), "/tmp/hf/lakeA/lk", selection{})
	if err != nil {
		t.Fatal(err)
	}
	sum := map[string]int64{}
	un := map[string]int64{}
	var tot, rows, groups, bl int64
	for _, f := range l.files {
		in, _ := f.open("/tmp/hf/lakeA/lk")
		st, _ := in.Stat()
		r, err := readFooter(in, st.Size())
		if err != nil {
			t.Fatal(err)
		}
		var body int64
		for i := range r.meta.RowGroups {
			groups++
			rows += r.meta.RowGroups[i].NumRows
			for j := range leaves {
				m := r.meta.RowGroups[i].Columns[j].MetaData
				sum[leaves[j].path] += m.TotalCompressedSize
				un[leaves[j].path] += m.TotalUncompressedSize
				body += m.TotalCompressedSize
				bl += int64(m.BloomFilterLength)
				body += int64(m.BloomFilterLength)
			}
		}
		tot += st.Size()
		sum["~footer"] += st.Size() - body
	}
	sum["~bloom"] = bl
	var k []string
	for x := range sum {
		k = append(k, x)
	}
	sort.Slice(k, func(i, j int) bool { return sum[k[i]] > sum[k[j]] })
	fmt.Println(tot, rows, groups)
	for _, x := range k {
		fmt.Printf("%-50s %6.2f B/row  (%.2f)\n", x, float64(sum[x])/float64(rows), float64(un[x])/float64(rows))
	}
}
