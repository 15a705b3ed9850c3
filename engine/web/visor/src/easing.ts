/** Easings by name, as the place has them: see "Property animations" in netcode/PROTOCOL.md. */
export type Easing = (p: number) => number;

const out = (e: Easing): Easing => (p) => 1 - e(1 - p);
const inOut = (e: Easing): Easing => (p) => (p < 0.5 ? e(2 * p) / 2 : 1 - e(2 - 2 * p) / 2);
const power = (n: number): Easing => (p) => p ** n;
const decay: Easing = (p) => 2 ** (10 * (p - 1));

const ins: Record<string, Easing> = {
  quad: power(2),
  cubic: power(3),
  quart: power(4),
  quint: power(5),
  sine: (p) => 1 - Math.cos((p * Math.PI) / 2),
  circular: (p) => 1 - Math.sqrt(Math.max(0, 1 - p * p)),
  exp: (p) => (p === 0 ? 0 : decay(p)),
  elastic: (p) => Math.sin((p * 13 * Math.PI) / 2) * decay(p),
  back: (p) => p * p * p - p * Math.sin(p * Math.PI),
};

const bounce: Easing = (p) => {
  if (p < 4 / 11) return (121 / 16) * p * p;
  if (p < 8 / 11) return (363 / 40) * p * p - (99 / 10) * p + 17 / 5;
  if (p < 9 / 10) return (4356 / 361) * p * p - (35442 / 1805) * p + 16061 / 1805;
  return (54 / 5) * p * p - (513 / 25) * p + 268 / 25;
};

const all = new Map<string, Easing>();
for (const [name, e] of Object.entries(ins)) {
  all.set(name + "In", e);
  all.set(name + "Out", out(e));
  all.set(name + "InOut", inOut(e));
}
// These three are not made of the first as the others are.
all.set("expOut", out(decay));
all.set("expInOut", inOut(decay));
all.set("backInOut", (p) => {
  const q = 2 - 2 * p;
  const back = ins["back"] as Easing;
  return p < 0.5 ? back(2 * p) / 2 : 1 - (q * q * q - q * Math.sin(p * Math.PI)) / 2;
});
all.set("bounceIn", out(bounce));
all.set("bounceOut", bounce);
all.set("bounceInOut", inOut(out(bounce)));

/** easingOf returns the easing of a name; any other name is linear. */
export function easingOf(name: unknown): Easing {
  return all.get(String(name)) ?? ((p) => p);
}
