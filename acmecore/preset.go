package acmecore

import "slices"

// DefaultPreset is the CA of a configuration that names none.
const DefaultPreset = "letsencrypt"

// Preset is a CA that needs no [authority.NAME], or, where it binds accounts, one without
// a directory.
type Preset struct {
	Name      string `json:"name"`
	Directory string `json:"directory"`
	Binding   bool   `json:"binding"` // an account needs an external account binding (RFC 8555 section 7.3.4)
	// Staging is the preset of its test side; "" where it has none.
	Staging string `json:"staging,omitempty"`
	// Facts are its limits, and what it does in its own way, a sentence or two.
	Facts string `json:"facts"`
}

// Presets lists the CAs that are known, the default first.
func Presets() []Preset {
	return []Preset{
		{Name: DefaultPreset, Directory: "https://acme-v02.api.letsencrypt.org/directory", Staging: "letsencrypt-staging",
			Facts: "300 orders in 3 hours, 50 certificates a week for a registered domain, 5 a week for the same names; renewals that its window asks for count for nothing. Wildcards; IP addresses with the profile shortlived."},
		{Name: "letsencrypt-staging", Directory: "https://acme-staging-v02.api.letsencrypt.org/directory",
			Facts: "For tests: no browser trusts it, and its limits are wide."},
		{Name: "zerossl", Directory: "https://acme.zerossl.com/v2/DV90", Binding: true,
			Facts: "90 days, wildcards; its binding can be used again. It may take long, and asks for patience of a day. Account keys cannot be changed."},
		{Name: "google", Directory: "https://dv.acme-v02.api.pki.goog/directory", Binding: true, Staging: "google-staging",
			Facts: "1 to 90 days as asked for, wildcards. Its binding can be used once, within 7 days."},
		{Name: "google-staging", Directory: "https://dv.acme-v02.test-api.pki.goog/directory", Binding: true,
			Facts: "For tests: no browser trusts it. It wants a binding of its own."},
		{Name: "sslcom-rsa", Directory: "https://acme.ssl.com/sslcom-dv-rsa", Binding: true,
			Facts: "For RSA keys. One name and its www., no wildcards; a funded account is charged. It wants a contact, and account keys cannot be changed."},
		{Name: "sslcom-ecc", Directory: "https://acme.ssl.com/sslcom-dv-ecc", Binding: true,
			Facts: "For ECDSA keys; otherwise as sslcom-rsa."},
		{Name: "actalis", Directory: "https://acme-api.actalis.com/acme/directory", Binding: true,
			Facts: "90 days, one name and its www., no wildcards. It believes no name without asking again."},
	}
}

// FindPreset returns the preset of that name.
func FindPreset(name string) (preset Preset, found bool) {
	all := Presets()
	i := slices.IndexFunc(all, func(p Preset) bool { return p.Name == name })
	if i < 0 {
		return Preset{}, false
	}
	return all[i], true
}
