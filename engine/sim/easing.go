package sim

import "math"

// easing maps linear progress to eased progress. The functions match those of agents, even
// where they miss 0 or 1 at their ends.
type easing func(p float64) float64

// easings are the functions by name (netcode/PROTOCOL.md, "Property animations"). Any other
// name means "linear".
var easings = map[string]easing{
	"quadIn": power(2), "quadOut": out(power(2)), "quadInOut": inOut(power(2)),
	"cubicIn": power(3), "cubicOut": out(power(3)), "cubicInOut": inOut(power(3)),
	"quartIn": power(4), "quartOut": out(power(4)), "quartInOut": inOut(power(4)),
	"quintIn": power(5), "quintOut": out(power(5)), "quintInOut": inOut(power(5)),
	"sineIn": sine, "sineOut": out(sine), "sineInOut": inOut(sine),
	"circularIn": circular, "circularOut": out(circular), "circularInOut": inOut(circular),
	"expIn": exponential, "expOut": out(decay), "expInOut": inOut(decay),
	"elasticIn": elastic, "elasticOut": out(elastic), "elasticInOut": inOut(elastic),
	"backIn": back, "backOut": out(back), "backInOut": inOutBack,
	"bounceIn": out(bounce), "bounceOut": bounce, "bounceInOut": inOut(out(bounce)),
}

func linear(p float64) float64 { return p }

// easingOf returns the easing with a name.
func easingOf(name string) easing {
	if e := easings[name]; e != nil {
		return e
	}
	return linear
}

// out returns the ease-out of an ease-in.
func out(e easing) easing {
	return func(p float64) float64 { return 1 - e(1-p) }
}

// inOut returns an ease-in in the first half and its ease-out in the second.
func inOut(e easing) easing {
	return func(p float64) float64 {
		if p < 0.5 {
			return e(2*p) / 2
		}
		return 1 - e(2-2*p)/2
	}
}

func power(n int) easing {
	return func(p float64) float64 {
		v := p
		for range n - 1 {
			v *= p
		}
		return v
	}
}

func sine(p float64) float64 { return 1 - math.Cos(p*math.Pi/2) }

func circular(p float64) float64 { return 1 - math.Sqrt(max(0, 1-p*p)) }

// decay rises exponentially from 2^-10 to 1.
func decay(p float64) float64 { return math.Exp2(10 * (p - 1)) }

// exponential is decay with a jump from 0 at the beginning.
func exponential(p float64) float64 {
	if p == 0 {
		return 0
	}
	return decay(p)
}

// elastic swings three and a quarter times, each wider.
func elastic(p float64) float64 { return math.Sin(p*13*math.Pi/2) * decay(p) }

// back first draws back.
func back(p float64) float64 { return p*p*p - p*math.Sin(p*math.Pi) }

// inOutBack is not made of two halves of back: the second swings half as fast.
func inOutBack(p float64) float64 {
	if p < 0.5 {
		return back(2*p) / 2
	}
	q := 2 - 2*p
	return 1 - (q*q*q-q*math.Sin(p*math.Pi))/2
}

// bounce falls, then bounces three times: four parabolas.
func bounce(p float64) float64 {
	switch {
	case p < 4.0/11:
		return 121.0 / 16 * p * p
	case p < 8.0/11:
		return 363.0/40*p*p - 99.0/10*p + 17.0/5
	case p < 9.0/10:
		return 4356.0/361*p*p - 35442.0/1805*p + 16061.0/1805
	default:
		return 54.0/5*p*p - 513.0/25*p + 268.0/25
	}
}
