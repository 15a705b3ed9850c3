// Package torture holds a place to what it promises when everything goes wrong: networks
// that lose and reorder, blackouts, agents that come, furnish, talk, launch and leave at
// random while scripts are saved. It has tests only; `make torture` runs them at length,
// `make test` for some seconds.
package torture
