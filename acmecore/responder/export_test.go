package responder

import "time"

// ServerName is how a CA asks for a name.
var ServerName = serverName

// Slacken adds to each time limit of what is bound from now on.
func (r *Responder) Slacken(by time.Duration) { r.slack = by }
