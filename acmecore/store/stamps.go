package store

import (
	"wcme/acmecore"
	"wcme/acmecore/stamp"
)

// RecordsStamp is that of the directory of the records, which changes with each record
// that comes, goes or is replaced.
func (r *Root) RecordsStamp() stamp.Stamp { return stamp.Of(r.path("etc", "certificates")) }

// RecordStamp is that of a certificate's record.
func (r *Root) RecordStamp(id acmecore.ID) stamp.Stamp {
	return stamp.Of(r.dir + "/etc/certificates/" + string(id) + ".toml")
}

// Stamps adds to the list those of the files that tell how a certificate stands, always
// as many.
func (r *Root) Stamps(list []stamp.Stamp, id acmecore.ID) []stamp.Stamp {
	current := r.dir + "/priv/certificates/" + string(id) + "/" + currentLink // no filepath.Join: this is done ten thousand times a look
	return append(list,
		stamp.Of(r.dir+"/etc/certificates/"+string(id)+".toml"),
		stamp.Of(r.dir+"/priv/standing/"+string(id)+".json"),
		stamp.OfLink(current),
		stamp.Of(current+"/fullchain.pem"),
		stamp.Of(current+"/key.pem"),
		stamp.Of(current+"/revoked.json"))
}
