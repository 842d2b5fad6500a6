// Package looks has tests alone: they show every page of the gallery to a real
// browser, and to one that knows text only.
package looks
