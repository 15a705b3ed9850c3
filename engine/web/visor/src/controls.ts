/** Keyboard, mouse, touch and gamepad, as what the body is to do. */
import type { Body, Wish } from "./body.js";

/** Radians for each pixel that is dragged. */
const look = 1 / 350;
const padLook = 2; // radians a second
const snap = Math.PI / 4;
const deadZone = 0.15;

const walkKeys: Record<string, [x: number, z: number]> = {
  KeyW: [0, -1], ArrowUp: [0, -1], KeyS: [0, 1], ArrowDown: [0, 1], KeyA: [-1, 0], KeyD: [1, 0],
};

/** What the pointer does, in coordinates of −1 to 1. */
export interface PointerHandler {
  /** The mouse is somewhere; undefined when it is not over the page. */
  hover(at: { x: number; y: number } | undefined): void;
  /** A press; returns whether it is on something, so that it does not turn the view. */
  press(at: { x: number; y: number }, grip: boolean): boolean;
  release(): void;
  /** A file is let go over something. */
  drop(file: File, at: { x: number; y: number }): Promise<void>;
  /** The wheel, in notches. */
  wheel(notches: number): void;
}

/** Controls reads the devices. */
export class Controls {
  readonly wish: Wish = { x: 0, z: 0, run: false };
  /** Whether keys go to an entity, and not to the body. */
  typing = false;
  snapTurns = false;
  onToggle: (what: "mute" | "chat" | "people" | "help" | "escape") => void = () => undefined;

  readonly #keys = new Set<string>();
  readonly #body: Body;
  readonly #stick: { base: HTMLElement; knob: HTMLElement };
  readonly #touches = new Map<number, { kind: "stick" | "look" | "press"; x: number; y: number; startX: number; startY: number }>();
  #stickX = 0;
  #stickZ = 0;
  #snapped = false;

  constructor(canvas: HTMLCanvasElement, body: Body, pointer: PointerHandler, stick: { base: HTMLElement; knob: HTMLElement }) {
    this.#body = body;
    this.#stick = stick;
    addEventListener("keydown", (e) => this.#key(e, true));
    addEventListener("keyup", (e) => this.#key(e, false));
    addEventListener("blur", () => this.#keys.clear());
    canvas.addEventListener("contextmenu", (e) => e.preventDefault());
    canvas.addEventListener("wheel", (e) => {
      e.preventDefault();
      pointer.wheel(Math.sign(e.deltaY));
    }, { passive: false });

    const place = (e: MouseEvent) => ({ x: (e.clientX / canvas.clientWidth) * 2 - 1, y: 1 - (e.clientY / canvas.clientHeight) * 2 });
    canvas.addEventListener("dragover", (e) => e.preventDefault());
    canvas.addEventListener("drop", (e) => {
      e.preventDefault();
      const file = e.dataTransfer?.files[0];
      if (file) void pointer.drop(file, place(e));
    });
    canvas.addEventListener("pointerdown", (e) => {
      canvas.setPointerCapture(e.pointerId);
      const touch = e.pointerType === "touch";
      const left = touch && e.clientX < canvas.clientWidth / 2 && e.clientY > canvas.clientHeight / 3;
      const stickFree = ![...this.#touches.values()].some((t) => t.kind === "stick");
      let kind: "stick" | "look" | "press" = "look";
      if (left && stickFree && !pointer.press(place(e), false)) kind = "stick";
      else if (left && stickFree) kind = "press";
      else if (pointer.press(place(e), e.button === 2)) kind = "press";
      this.#touches.set(e.pointerId, { kind, x: e.clientX, y: e.clientY, startX: e.clientX, startY: e.clientY });
      if (kind === "stick") this.#showStick(e.clientX, e.clientY);
    });
    canvas.addEventListener("pointermove", (e) => {
      const t = this.#touches.get(e.pointerId);
      if (e.pointerType !== "touch" || t?.kind === "press") pointer.hover(place(e));
      if (!t) return;
      const [dx, dy] = [e.clientX - t.x, e.clientY - t.y];
      t.x = e.clientX;
      t.y = e.clientY;
      if (t.kind === "look") this.#body.turnBy(-dx * look, dy * look);
      else if (t.kind === "stick") this.#moveStick(t.x - t.startX, t.y - t.startY);
    });
    const up = (e: PointerEvent): void => {
      const t = this.#touches.get(e.pointerId);
      this.#touches.delete(e.pointerId);
      if (t?.kind === "press") pointer.release();
      else if (t?.kind === "stick") this.#moveStick(0, 0, true);
      if (e.pointerType === "touch") pointer.hover(undefined);
    };
    canvas.addEventListener("pointerup", up);
    canvas.addEventListener("pointercancel", up);
    canvas.addEventListener("pointerleave", () => pointer.hover(undefined));
  }

  #key(e: KeyboardEvent, down: boolean): void {
    const field = e.target instanceof HTMLElement && (e.target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(e.target.tagName));
    if (field || this.typing) {
      if (!down) this.#keys.delete(e.code);
      if (e.code === "Escape" && down) this.onToggle("escape");
      return;
    }
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    if (down) this.#keys.add(e.code);
    else this.#keys.delete(e.code);
    if (walkKeys[e.code] || e.code === "ArrowLeft" || e.code === "ArrowRight") e.preventDefault();
    if (!down || e.repeat) return;
    switch (e.code) {
      case "KeyQ": return this.#body.turnBy(-snap, 0);
      case "KeyE": return this.#body.turnBy(snap, 0);
      case "KeyM": return this.onToggle("mute");
      case "KeyP": return this.onToggle("people");
      case "KeyH": return this.onToggle("help");
      case "Escape": return this.onToggle("escape");
      case "KeyT":
      case "Enter":
        if (e.code === "Enter" && e.target instanceof HTMLButtonElement) return;
        e.preventDefault();
        return this.onToggle("chat");
    }
  }

  #showStick(x: number, y: number): void {
    this.#stick.base.style.transform = `translate(${x}px, ${y}px)`;
    this.#stick.base.hidden = false;
  }

  #moveStick(dx: number, dy: number, end = false): void {
    const reach = 56;
    const length = Math.hypot(dx, dy);
    const f = length > reach ? reach / length : 1;
    this.#stick.knob.style.transform = `translate(${dx * f}px, ${dy * f}px)`;
    this.#stick.base.hidden = end;
    this.#stickX = (dx * f) / reach;
    this.#stickZ = (dy * f) / reach;
  }

  /** update reads what is held down. */
  update(dt: number): void {
    let x = this.#stickX;
    let z = this.#stickZ;
    let turn = 0;
    for (const code of this.#keys) {
      const [kx, kz] = walkKeys[code] ?? [0, 0];
      x += kx;
      z += kz;
      if (code === "ArrowLeft") turn -= 1;
      if (code === "ArrowRight") turn += 1;
    }
    this.wish.run = this.#keys.has("ShiftLeft") || this.#keys.has("ShiftRight");
    for (const pad of navigator.getGamepads?.() ?? []) {
      if (!pad || pad.axes.length < 4) continue;
      const [lx, ly, rx, ry] = pad.axes.map((v) => (Math.abs(v) < deadZone ? 0 : v)) as [number, number, number, number];
      x += lx;
      z += ly;
      this.wish.run ||= pad.buttons[10]?.pressed === true;
      if (this.snapTurns) {
        if (Math.abs(rx) > 0.5 && !this.#snapped) this.#body.turnBy(Math.sign(rx) * snap, 0);
        this.#snapped = Math.abs(rx) > 0.45;
      } else {
        turn += rx;
      }
      this.#body.turnBy(0, -ry * padLook * dt);
    }
    this.#body.turnBy(turn * padLook * dt, 0);
    this.wish.x = Math.min(Math.max(x, -1), 1);
    this.wish.z = Math.min(Math.max(z, -1), 1);
  }
}

