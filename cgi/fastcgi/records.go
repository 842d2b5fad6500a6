package fastcgi

var errVersion = protocolError("a record is not of version 1")

// sink is told of records. An error from it ends the connection.
type sink interface {
	begin(header) error           // a record's header is complete
	content(header, []byte) error // a piece of its content, not empty, valid during the call only
	end(header) error             // all of it has come, its padding too
}

// records takes the bytes of a connection apart, in whatever pieces they come,
// and tells a sink. Its memory does not depend on what is sent.
type records struct {
	sink    sink
	head    [headerLength]byte
	have    int // bytes of head
	current header
	content int // bytes of the current record's content that are still to come
	padding int // and of its padding
}

// feed takes in the next bytes.
func (r *records) feed(piece []byte) error {
	for len(piece) > 0 {
		taken, err := r.step(piece)
		if err != nil {
			return err
		}
		piece = piece[taken:]
	}
	return nil
}

// step takes in as much as belongs to one part of a record.
func (r *records) step(piece []byte) (taken int, err error) {
	switch {
	case r.have < headerLength:
		taken = copy(r.head[r.have:], piece)
		if r.have += taken; r.have == headerLength {
			err = r.open()
		}
	case r.content > 0:
		taken = min(r.content, len(piece))
		r.content -= taken
		err = r.sink.content(r.current, piece[:taken])
	default:
		taken = min(r.padding, len(piece))
		r.padding -= taken
	}
	if err == nil && r.have == headerLength && r.content == 0 && r.padding == 0 {
		r.have = 0
		err = r.sink.end(r.current)
	}
	return taken, err
}

func (r *records) open() error {
	h, known := parseHeader(r.head)
	if !known {
		return errVersion
	}
	r.current, r.content, r.padding = h, h.content, h.padding
	return r.sink.begin(h)
}
