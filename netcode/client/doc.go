// Package client implements an agent of the Alloverse place protocol: it joins a place ([Dial]),
// sends intents, follows the state, and sends and answers requests. The clients of a [Dialer] share
// a transport.
package client
