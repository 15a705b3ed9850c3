package acl_test

import (
	"fmt"

	"github.com/loci-place/loci/acl"
)

// The protocol reference's own example keeps a harry out.
func ExampleCompile() {
	harry, err := acl.Compile(`[
    "interaction", // match exactly on provided value for first field
    "request",
    SourceEntity,  // bare words become variables
    "place",
    _,             // underscore means unused variable = ignored value
    [
      "announce",
      ["identity", Identity],
      _
    ]
  ] where Identity["name"] == "harry" `)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(harry)
	for _, name := range []string{"harry", "ron"} {
		announce := []any{"interaction", "request", "", "place", "1",
			[]any{"announce", []any{"identity", map[string]any{"name": name}}, map[string]any{}}}
		fmt.Println(name, harry.Match(announce, nil).Matched)
	}
	// Output:
	// ["interaction", "request", SourceEntity, "place", _, ["announce", ["identity", Identity], _]] when Identity["name"] == "harry"
	// harry true
	// ron false
}

func ExampleCompile_error() {
	_, err := acl.Compile(`["poke", Hard] when Hard && ownr(Hard)`, acl.At("acl.lua", 7))
	fmt.Println(err)
	// Output:
	// acl.lua:7:26: && is not known here: write "and"
	//  | ["poke", Hard] when Hard && ownr(Hard)
	//  | .........................^
}

func ExampleResult_Bindings() {
	tweet, _ := acl.Compile(`["new_tweet", Sender, Text] when Sender == "nevyn"`)
	result := tweet.Match([]any{"new_tweet", "nevyn", "hello"}, nil)
	fmt.Println(result.Matched, result.Bindings()["Text"])
	// Output: true hello
}

func ExamplePattern_GuardSource() {
	tweet, _ := acl.Compile(`["new_tweet", Sender | _] when Sender in ["nevyn", "ann"] and not is_nil(owner(Sender))`)
	fmt.Println(tweet.GuardSource())
	// Output:
	// (within(v_Sender, c0) && !(is_nil(owner(v_Sender))))
	// c0 = ["nevyn","ann"]
}

func ExamplePattern_Explain() {
	tweet, _ := acl.Compile(`["new_tweet", Sender, _]`)
	fmt.Println(tweet.Explain([]any{"new_poem", "nevyn", "hi"}, nil))
	// Output:
	// does not match
	//   at message[0]: want "new_tweet", have "new_poem"
}

func ExampleList_Decide() {
	poke, _ := acl.Compile(`["interaction", "request", _, _, _, ["poke", Hard]] when Hard`)
	list := acl.NewList(acl.Allow, &acl.Rule{ID: "1", Verdict: acl.Deny, Pattern: poke, Origin: "acl.lua"})
	for _, hard := range []any{true, false} {
		decision := list.Decide([]any{"interaction", "request", "a", "b", "7", []any{"poke", hard}}, nil)
		fmt.Println(decision.Verdict, "because", decision.Reason())
	}
	// Output:
	// deny because rule 1 (acl.lua)
	// allow because allow is the default
}

func ExampleSubscriptions() {
	var s acl.Subscriptions
	tweet, _ := acl.Compile(`["new_tweet", Sender, _] when Sender == "nevyn"`)
	s.Add(acl.Subscription{ID: "1", Owner: "ann", Pattern: tweet})
	for _, sender := range []string{"nevyn", "bob"} {
		for subscription := range s.Each([]any{"new_tweet", sender, "hi"}, nil, nil) {
			fmt.Println(sender, "to", subscription.Owner)
		}
	}
	// Output: nevyn to ann
}
