// Package stepca has no code: its tests have the real program obtain, renew and revoke
// certificates at step-ca, a certification authority that has nothing in common with
// Pebble. What it cannot do — renewal information, profiles, other chains, the rollover
// of an account's key — wCME must do without, or say so.
package stepca
