/** The client of loci places, for web pages and Node programs. See README.md. */
export { assetID, hashOf, type Assets } from "./assets.js";
export type { Clock } from "./clock.js";
export { Document, type DocumentEvents, type Entity } from "./document.js";
export { type Key, keyFromText, newKey, newKeyText, storedKey } from "./identity.js";
export type { Grab, Intent, Poses } from "./intent.js";
export type { Json, JsonObject } from "./json.js";
export { Code, type WebSocketConstructor } from "./link.js";
export {
  ClosedError, type Handler, type Interaction, type JoinOptions, Place, type PlaceEvents, RequestError, join,
} from "./place.js";
export type { Matrix } from "./placement.js";
