package main

import (
	"encoding/json"
	"fmt"

	"github.com/loci-place/loci/netcode"
)

// launch is what a gateway tells an app in its environment (netcode/PROTOCOL.md, "Apps").
type launch struct {
	place string         // alloplace://host:port
	by    string         // what the one who has launched it calls itself
	token string         // what tells the place that this is the app it waits for; "" for none
	at    netcode.Matrix // where to stand
}

// readLaunch reads the environment. Only the place must be there, so that the app can
// also be started by hand.
func readLaunch(getenv func(string) string) (launch, error) {
	l := launch{place: getenv("ALLOVERSE_PLACE_URL"), by: "nobody"}
	if l.place == "" {
		return l, fmt.Errorf("ALLOVERSE_PLACE_URL is not set; a gateway sets it, or by hand: alloplace://localhost")
	}
	var who struct {
		Name *string `json:"display_name"`
	}
	if err := readJSON(getenv, "ALLOVERSE_REQUESTER_IDENTITY", &who); err != nil {
		return l, err
	}
	if who.Name != nil {
		l.by = *who.Name
	}
	params := struct {
		Token string    `json:"avatarToken"`
		At    []float64 `json:"initialLocation"` // as alloverse's own apps have it
	}{}
	if err := readJSON(getenv, "ALLOVERSE_URL_PARAMS", &params); err != nil {
		return l, err
	}
	l.token, l.at = params.Token, moved(0, 1.2, -2)
	if len(params.At) == len(l.at) {
		l.at = netcode.Matrix(params.At)
	}
	return l, nil
}

// readJSON reads a variable that is a JSON object, if it is set.
func readJSON(getenv func(string) string, name string, into any) error {
	text := getenv(name)
	if text == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(text), into); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
