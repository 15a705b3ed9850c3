/** Keys for the entity that has the focus. */
import type { Place } from "@loci-place/client";
import { text } from "./json.js";
import type { Node } from "./node.js";
import type { World } from "./world.js";

// LÖVR's names, which apps know, where they are not the letter itself.
const names: Record<string, string> = {
  " ": "space", Enter: "return", Backspace: "backspace", Delete: "delete", Tab: "tab", ArrowLeft: "left", ArrowRight: "right",
  ArrowUp: "up", ArrowDown: "down", Home: "home", End: "end", PageUp: "pageup", PageDown: "pagedown",
};
const sides: Record<string, string> = { Shift: "shift", Control: "ctrl", Alt: "alt", Meta: "gui" };

function nameOf(e: KeyboardEvent): string {
  const side = sides[e.key];
  if (side) return (e.code.endsWith("Right") ? "r" : "l") + side;
  return names[e.key] ?? e.key.toLowerCase();
}

/** Keyboard sends the keys to one entity at a time. */
export class Keyboard {
  /** Told whether keys go to an entity. */
  onChange: (typing: boolean, node: Node | undefined) => void = () => undefined;
  readonly #place: Place;
  readonly #field: HTMLInputElement;
  #focused: Node | undefined;
  #typing = false;

  /** field is an input of the page that is focused meanwhile, so that phones show their keyboard. */
  constructor(place: Place, world: World, field: HTMLInputElement) {
    this.#place = place;
    this.#field = field;
    world.on((node, what) => {
      if (what === "remove" && node === this.#focused) this.#set(undefined, false);
    });
    place.on("interaction", ({ from, to, body }) => {
      if (to !== place.avatar) return;
      const node = world.node(String(body[1]));
      if (body[0] === "changeFocusTo" && node) this.focus(node);
      else if (body[0] === "defocus" && from === this.#focused?.id) this.#set(undefined, false);
    });
    place.handle("changeFocusTo", ({ body }) => {
      const node = world.node(String(body[1]));
      if (!node) throw new Error(`there is no entity ${String(body[1])}`);
      this.focus(node);
    });
    place.handle("defocus", ({ from }) => {
      if (from === this.#focused?.id) this.#set(undefined, false);
    });
    field.addEventListener("keydown", (e) => this.#key(e, "keydown"));
    field.addEventListener("keyup", (e) => this.#key(e, "keyup"));
    field.addEventListener("input", () => {
      for (const c of field.value) this.#say(["textinput", c, c.codePointAt(0)]);
      field.value = "";
    });
    field.addEventListener("blur", () => { if (this.#typing) this.defocus(); });
  }

  /** focus asks an entity whether it wants the keys. */
  focus(node: Node): void {
    if (node === this.#focused) {
      if (this.#typing) this.#field.focus();
      return;
    }
    const kind = text(node.entity.components["focus"]?.["type"]);
    this.defocus();
    this.#focused = node;
    this.#place.request(node.id, ["focus"]).then(([, answer]) => {
      if (this.#focused === node && answer === "ok" && kind === "key") this.#set(node, true);
    }, () => undefined); // none wants it
  }

  defocus(): void {
    if (!this.#focused) return;
    this.#place.send(this.#focused.id, ["defocus"]);
    this.#set(undefined, false);
  }

  #set(node: Node | undefined, typing: boolean): void {
    this.#focused = node;
    const changed = typing !== this.#typing;
    this.#typing = typing;
    if (typing) this.#field.focus();
    else if (changed) this.#field.blur();
    if (changed) this.onChange(typing, node);
  }

  #key(e: KeyboardEvent, what: "keydown" | "keyup"): void {
    if (!this.#typing) return;
    e.stopPropagation();
    if (e.key === "Escape") {
      if (what === "keydown") this.defocus();
      return;
    }
    if (e.key === "Tab" || e.key === "Enter" || e.key === "Backspace") e.preventDefault();
    this.#say(what === "keydown" ? ["keydown", nameOf(e), e.keyCode, e.repeat] : ["keyup", nameOf(e), e.keyCode]);
  }

  #say(body: readonly unknown[]): void {
    if (this.#focused) this.#place.send(this.#focused.id, body);
  }
}
