package manager

// InPrivateNetwork is inPrivateNetwork.
var InPrivateNetwork = inPrivateNetwork
