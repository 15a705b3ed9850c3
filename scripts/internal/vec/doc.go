// Package vec is the module loci.vec: vectors, quaternions and matrices, computed in Go behind
// one call. Each is a list of numbers with a metatable; a plain list, or a part of a
// component, is taken as well.
//
// [WriteOut] makes a matrix of the short form of a transform, { at, turn, scale }.
package vec
