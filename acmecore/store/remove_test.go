package store_test

import (
	"os"
	"testing"

	"wcme/acmecore"
)

func TestRecordPutAside(t *testing.T) {
	t.Parallel()
	root := openNew(t)
	if _, err := root.PutRecordAside(kept); acmecore.KindOf(err) != acmecore.NotFound {
		t.Errorf("where there is none: got %v", err)
	}
	if err := root.PutRecord(kept, []byte("# one\n")); err != nil {
		t.Fatal(err)
	}
	path, err := root.PutRecordAside(kept)
	if err != nil || path != root.RecordAside(kept) {
		t.Fatalf("got %q, %v", path, err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "# one\n" {
		t.Errorf("got %q, %v", text, err)
	}
	if ids, err := root.Records(); err != nil || len(ids) != 0 {
		t.Errorf("records: got %v, %v, want none", ids, err)
	}
	if _, _, err := root.Record(kept); acmecore.KindOf(err) != acmecore.NotFound {
		t.Errorf("record: got %v, want that there is none", err)
	}
}
