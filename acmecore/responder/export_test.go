package responder

// ServerName is how a CA asks for a name.
var ServerName = serverName
