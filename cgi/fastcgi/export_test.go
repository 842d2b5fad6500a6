package fastcgi

import "wcme/cgi/meta"

// DecodeParams is decodeParams.
func DecodeParams(stream string) (meta.Variables, error) {
	variables := make(meta.Variables)
	err := decodeParams(stream, variables)
	return variables, err
}

// Header is header with its fields for everybody.
type Header struct {
	Kind    byte
	ID      uint16
	Content int
}

// Recorder keeps what records tell.
type Recorder struct {
	Begun   []Header
	Content string
	Ended   int
}

func (r *Recorder) begin(h header) error {
	r.Begun = append(r.Begun, Header{h.kind, h.id, h.content})
	return nil
}

func (r *Recorder) content(_ header, piece []byte) error {
	r.Content += string(piece)
	return nil
}

func (r *Recorder) end(header) error {
	r.Ended++
	return nil
}

// Records feeds the pieces to a reader of records.
func Records(pieces ...[]byte) (*Recorder, error) {
	recorder := new(Recorder)
	records := records{sink: recorder}
	for _, piece := range pieces {
		if err := records.feed(piece); err != nil {
			return recorder, err
		}
	}
	return recorder, nil
}
