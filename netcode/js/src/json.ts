/** A JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

/** A JSON object. */
export interface JsonObject {
  readonly [key: string]: Json;
}

const decoder = new TextDecoder("utf-8", { fatal: true });
const encoder = new TextEncoder();

/** parse reads JSON from bytes. */
export function parse(data: Uint8Array): Json {
  return JSON.parse(decoder.decode(data)) as Json;
}

/** format writes JSON as bytes. */
export function format(value: unknown): Uint8Array<ArrayBuffer> {
  return encoder.encode(JSON.stringify(value));
}

/** isObject reports whether a value is a JSON object. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * merge returns target as changed by an RFC 7386 merge patch: null removes a key, an object merges
 * into an object, anything else replaces. Neither argument is changed; what did not change is shared.
 */
export function merge(target: Json | undefined, patch: JsonObject): JsonObject {
  const merged: Record<string, Json> = isObject(target) ? { ...target } : {};
  for (const key in patch) {
    if (key === "__proto__") continue; // no component has such a key, and assigning it would not make one
    const change = patch[key] as Json;
    if (change === null) delete merged[key];
    else merged[key] = isObject(change) ? merge(merged[key], change) : change;
  }
  return merged;
}
