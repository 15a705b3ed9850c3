/** Reading components that anybody may have written: what makes no sense is the default, and nothing throws. */
import type { Json, JsonObject } from "@loci-place/client";

export function isNumber(v: unknown): v is number {
  return typeof v === "number" && Number.isFinite(v);
}

export function number(v: unknown, otherwise: number): number {
  return isNumber(v) ? v : otherwise;
}

export function text(v: unknown, otherwise = ""): string {
  return typeof v === "string" ? v : isNumber(v) ? String(v) : otherwise;
}

export function object(v: unknown): JsonObject {
  return typeof v === "object" && v !== null && !Array.isArray(v) ? (v as JsonObject) : {};
}

export function list(v: unknown): readonly Json[] {
  return Array.isArray(v) ? (v as Json[]) : [];
}

/** numbers returns a list of at least n numbers, or undefined. */
export function numbers(v: unknown, n: number): readonly number[] | undefined {
  return Array.isArray(v) && v.length >= n && v.every(isNumber) ? (v as number[]) : undefined;
}
