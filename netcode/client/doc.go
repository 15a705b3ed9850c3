// Package client is an agent of the Alloverse place protocol: it joins a place ([Dial]), sends
// intents, follows the state, asks and answers. A [Dialer] has many of them share a transport.
package client
