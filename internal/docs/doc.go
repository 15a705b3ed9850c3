// Package docs tests the documentation: its links lead somewhere, headings that comments
// cite exist, and the Go program on the front page compiles. It has no code of its own.
package docs
