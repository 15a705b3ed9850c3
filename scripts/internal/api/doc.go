// Package api describes what scripts can use: classes with their fields and functions, and
// tables that scripts write. The runtime registers functions from these descriptions, and
// the reference, the editors' definitions and the static checks are made from them, so that
// none of these can drift apart.
//
// It knows nothing of places: each namespace of the API describes itself beside its code.
package api
