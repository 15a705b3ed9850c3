/** The page around the view: entering, who is here, chat, settings. */
import { colors } from "./avatar.js";

/** What a browser remembers between visits. */
export interface Settings {
  name: string;
  color: string;
  quality: "auto" | "high" | "low";
  volume: number;
  snap: boolean;
  still: boolean;
}

const stored = "loci-visor";

export function loadSettings(): Settings {
  const defaults: Settings = {
    name: "", color: colors[Math.floor(Math.random() * colors.length)] as string, quality: "auto", volume: 0.8, snap: false,
    still: matchMedia("(prefers-reduced-motion: reduce)").matches,
  };
  try {
    return { ...defaults, ...(JSON.parse(localStorage.getItem(stored) ?? "{}") as Partial<Settings>) };
  } catch {
    return defaults; // what is not stored, or not readable, is as it was never set
  }
}

export function saveSettings(s: Settings): void {
  try {
    localStorage.setItem(stored, JSON.stringify(s));
  } catch {
    // A browser that keeps nothing asks again next time.
  }
}

/** $ returns an element of the page. */
export function $<T extends HTMLElement = HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}

/** A person in the list. */
export interface Person {
  id: string;
  name: string;
  color: string;
  own: boolean;
  verified: boolean;
}

/** Something in the list that can be poked. */
export interface Thing {
  id: string;
  name: string;
}

/** UI is the page. */
export class UI {
  readonly settings = loadSettings();
  onSettings: () => void = () => undefined;
  onSay: (text: string) => void = () => undefined;
  onPoke: (id: string) => void = () => undefined;
  onLeave: () => void = () => undefined;
  /** Turns the microphone on or off; undefined where there can be none. */
  onMute: (() => void) | undefined;

  constructor() {
    const s = this.settings;
    $<HTMLInputElement>("name").value = s.name;
    $("where").textContent = location.host;
    for (const color of colors) {
      const label = document.createElement("label");
      const input = Object.assign(document.createElement("input"), { type: "radio", name: "color", value: color, checked: color === s.color });
      input.setAttribute("aria-label", colorNames[color] ?? color);
      const span = document.createElement("span");
      span.style.setProperty("--c", color);
      label.append(input, span);
      $("colors").append(label);
    }
    for (const [button, panel] of panels) $(button).onclick = () => this.toggle(panel);
    $("saying").onsubmit = (e) => {
      e.preventDefault();
      const field = $<HTMLInputElement>("say");
      const text = field.value.trim();
      field.value = "";
      if (text) this.onSay(text);
      else field.blur();
    };
    $("say").onkeydown = (e) => { if (e.key === "Escape") $("say").blur(); };
    $("mute").onclick = () => this.onMute?.();
    $("leave").onclick = () => this.onLeave();
    $("share").onclick = () => {
      navigator.clipboard?.writeText(location.href).then(() => this.toast("The link is copied."), () => this.toast(location.href));
    };
    this.#option("quality", "value");
    this.#option("volume", "value", Number);
    this.#option("snap", "checked");
    this.#option("still", "checked");
    this.#showControls();
    if (!s.name) $("name").focus();
  }

  #option(id: keyof Settings & string, property: "value" | "checked", of: (v: unknown) => unknown = (v) => v): void {
    const field = $(id) as unknown as Record<string, unknown> & HTMLElement;
    field[property] = this.settings[id];
    field.addEventListener("input", () => {
      (this.settings as unknown as Record<string, unknown>)[id] = of(field[property]);
      saveSettings(this.settings);
      this.onSettings();
    });
  }

  /** toggle opens or closes a panel, and closes the others. */
  toggle(panel: string, open = $(panel).hidden): void {
    for (const [b, p] of panels) {
      const shown = p === panel && open;
      $(p).hidden = !shown;
      $(b).setAttribute("aria-expanded", String(shown));
    }
  }

  closePanels(): void {
    this.toggle("enter", false);
    (document.activeElement as HTMLElement | null)?.blur();
  }

  /** enter waits until somebody wants to walk in. */
  enter(): Promise<Settings> {
    $("enter").hidden = false;
    const button = $<HTMLButtonElement>("walkin");
    button.disabled = false;
    button.textContent = "Walk in";
    return new Promise((resolve) => {
      $("enter").onsubmit = (e) => {
        e.preventDefault();
        const form = new FormData($<HTMLFormElement>("enter"));
        this.settings.name = String(form.get("name")).trim() || "somebody";
        this.settings.color = String(form.get("color") ?? colors[0]);
        saveSettings(this.settings);
        button.disabled = true;
        button.textContent = "Walking in…";
        $("trouble").textContent = "";
        resolve(this.settings);
      };
    });
  }

  trouble(message: string): void {
    $("trouble").textContent = message;
  }

  /** inside shows the page of somebody who is in a place. */
  inside(name: string): void {
    document.title = name;
    $("place").textContent = name;
    $("enter").hidden = true;
    $("bar").hidden = $("chat").hidden = false;
    $("mute").hidden = !this.onMute;
    document.body.classList.add("in");
    $("view").focus();
    if (localStorage.getItem(stored + "-seen")) return;
    $("hint").hidden = false;
    setTimeout(() => this.hintSeen(), 20_000);
  }

  /** hintSeen takes away how to move about, once somebody does, for this and all later visits. */
  hintSeen(): void {
    if ($("hint").hidden) return;
    $("hint").hidden = true;
    try {
      localStorage.setItem(stored + "-seen", "1");
    } catch {
      // It is shown again next time.
    }
  }

  /** microphone shows whether the microphone is on. */
  microphone(on: boolean): void {
    $("mute").setAttribute("aria-pressed", String(on));
  }

  /** line says how the connection is. */
  line(text: string, bad = false): void {
    $("line").textContent = text;
    $("line").classList.toggle("bad", bad);
  }

  toast(message: string, seconds = 5): void {
    const p = document.createElement("p");
    p.textContent = message.slice(0, 400);
    $("toasts").append(p);
    setTimeout(() => p.remove(), seconds * 1000);
  }

  pointed(name: string): void {
    $("pointed").textContent = name;
  }

  said(name: string, text: string, color: string): void {
    const item = document.createElement("p");
    const who = document.createElement("b");
    who.textContent = name;
    who.style.color = `color-mix(in srgb, ${color}, #000 35%)`;
    item.append(who, text);
    const log = $("log");
    log.append(item);
    while (log.childElementCount > 50) log.firstElementChild?.remove();
  }

  people(all: readonly Person[]): void {
    $("count").textContent = String(all.length);
    $("list").replaceChildren(...all.map((p) => {
      const item = document.createElement("li");
      const dot = document.createElement("span");
      dot.className = "dot";
      dot.style.setProperty("--c", p.color);
      item.append(dot, p.name + (p.own ? " (you)" : ""));
      if (p.verified) {
        const mark = Object.assign(document.createElement("span"), { className: "mark", textContent: "✓", title: "verified: comes back with the same key" });
        mark.setAttribute("role", "img");
        mark.setAttribute("aria-label", "verified");
        item.append(mark);
      }
      return item;
    }));
  }

  things(all: readonly Thing[]): void {
    $("things").replaceChildren(...all.slice(0, 100).map((t) => {
      const item = document.createElement("li");
      const button = Object.assign(document.createElement("button"), { textContent: "Poke" });
      button.setAttribute("aria-label", `Poke ${t.name}`);
      button.onclick = () => this.onPoke(t.id);
      item.append(t.name, button);
      return item;
    }));
  }

  /** chat puts the cursor where one says something. */
  chat(): void {
    $("say").focus();
  }

  #showControls(): void {
    const touch = matchMedia("(pointer: coarse)").matches;
    const pad = (navigator.getGamepads?.() ?? []).some((p) => p);
    const rows: [string, string][] = touch
      ? [["Left half", "drag to walk"], ["Right half", "drag to look"], ["Tap", "poke what you tap"], ["Hold", "grab it"]]
      : [["W A S D", "walk, faster with Shift"], ["Drag", "look around"], ["Click", "poke"], ["Hold", "grab; the wheel brings it nearer"],
         ["M", "microphone on or off"], ["T", "say something"], ["P", "who and what is here"], ["H", "this help"]];
    if (pad) rows.push(["Gamepad", "left stick walks, right stick looks"]);
    const entries = rows.map(([key, does]) => [
      Object.assign(document.createElement("dt"), { textContent: key }), Object.assign(document.createElement("dd"), { textContent: does }),
    ] as const);
    $("controls").replaceChildren(...entries.flat());
    if (touch) $<HTMLInputElement>("say").placeholder = "Say something";
    $("hint").replaceChildren(...entries.slice(0, touch ? 3 : 4).map(([key, does]) => {
      const item = document.createElement("span");
      item.append(Object.assign(document.createElement("b"), { textContent: key.textContent }), ` ${does.textContent}`);
      return item;
    }));
  }
}

const panels = [["people", "who"], ["settings", "options"], ["help", "howto"]] as const;
const colorNames: Record<string, string> = {
  "#ff7a59": "coral", "#f2b134": "yellow", "#6bbf59": "green", "#2fb5a5": "teal", "#4a90e2": "blue", "#8a6de9": "violet", "#e064a8": "pink", "#8d99ae": "grey",
};
