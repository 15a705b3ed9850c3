package scripts

// What calls of the API count, in instructions of 20 ns, as it was measured. What is
// converted to or from plain data counts besides, by its size.
const (
	// handlerPrice is for each call of a handler.
	handlerPrice = 50
	// failurePrice is for one that fails: its traceback, and the log.
	failurePrice = 500
	// functionPrice is for a function that prices does not name.
	functionPrice = 12
	// writePrice is for each change of a component.
	writePrice = 50
	// eachPrice is for each entity or agent that is put into a list.
	eachPrice = 10
)

// prices are of functions that do more than look something up, by class and name.
var prices = map[string]int{
	"loci.Place.spawn":      600,
	"loci.Place.publish":    200,
	"loci.Place.subscribe":  3000,
	"loci.Place.task":       450, // its stack
	"loci.Place.after":      30,
	"loci.Place.every":      30,
	"loci.Place.asset":      500,
	"loci.Place.push_asset": 500,
	"loci.Place.default":    500,

	"loci.Entity.remove":  300,
	"loci.Entity.animate": 300,
	"loci.Entity.stop":    100,
	"loci.Entity.move":    100,
	"loci.Entity.send":    200,
	"loci.Entity.request": 300,

	"loci.Agent.kick": 500,

	"loci.Store.set":    150,
	"loci.Store.delete": 100,

	"loci.Log.debug": 200,
	"loci.Log.info":  200,
	"loci.Log.warn":  200,
	"loci.Log.error": 200,
}

func priceOf(class, function string) int {
	if price, ok := prices[class+"."+function]; ok {
		return price
	}
	return functionPrice
}
