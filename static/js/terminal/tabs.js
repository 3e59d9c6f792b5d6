// The shells of one machine, a tab each. The live process says which of them are open: also those that another window opened.
import { Shell } from "./shell.js";
import { say } from "./words.js";

const FIRST = "1";
const NAME = /^[a-z0-9]{1,20}$/;
const nav = document.getElementById("shell-tabs");
const more = document.getElementById("more-shells");
const pattern = document.getElementById("tab-pattern").content.firstElementChild;
const inOrder = new Intl.Collator(undefined, { numeric: true }).compare;

export class Tabs {
  #shells = new Map();
  #names = new Set();
  #address;
  #changed;
  #shown = null;
  #rests = true;

  // `changed(shell)`: something about a shell is different now, which may be on the page.
  constructor(address, changed) {
    this.#address = address;
    this.#changed = changed;
    more.addEventListener("click", () => this.open(this.#unused()));
    addEventListener("hashchange", () => this.show(this.#wanted()));
  }

  get shown() {
    return this.#rests ? null : this.#shown;
  }

  get all() {
    return [...this.#shells.values()];
  }

  // The machine runs: its shells open.
  begin() {
    if (!this.#rests) return;
    this.#rests = false;
    this.show(this.#wanted());
  }

  rest() {
    this.#rests = true;
    for (const shell of this.all) shell.line.stop();
  }

  open(name) {
    if (location.hash === `#${name}`) this.show(name);
    else location.hash = name;
  }

  show(name) {
    if (this.#rests) return;
    this.#forgetEnded(name);
    if (!this.#shells.has(name)) this.#shells.set(name, this.#made(name));
    this.#shown = this.#shells.get(name);
    for (const shell of this.all) shell.place.hidden = shell !== this.#shown;
    this.#shown.fit();
    if (this.#shown.line.state === "idle") this.#shown.line.start();
    this.#draw();
    this.#changed(this.#shown);
    this.focus();
  }

  // Only where nobody works elsewhere on the page, and no keyboard comes up for it.
  focus() {
    const isFree = document.activeElement === document.body || nav.contains(document.activeElement);
    if (isFree && matchMedia("(pointer: fine)").matches) this.#shown?.terminal.focus();
  }

  // ---- what shells tell ----

  state(shell) {
    this.#draw();
    this.#changed(shell);
  }

  title() {
    this.#draw();
  }

  names(list) {
    this.#names = new Set(list);
    this.#draw();
  }

  echo(shell, ms) {
    shell.echoes = [...(shell.echoes ?? []), ms].slice(-7);
    this.#changed(shell);
  }

  // ---- its own ----

  #wanted() {
    const name = location.hash.slice(1);
    return NAME.test(name) ? name : FIRST;
  }

  #unused() {
    let number = 1;
    while (this.#shells.has(String(number)) || this.#names.has(String(number))) number += 1;
    return String(number);
  }

  #made(name) {
    const place = document.createElement("div");
    place.className = "shell-place";
    document.getElementById("shells").append(place);
    return new Shell(name, place, this.#address(name), this);
  }

  // A shell that has ended goes when another tab is looked at.
  #forgetEnded(shown) {
    for (const [name, shell] of this.#shells) {
      if (name === shown || shell.line.state !== "ended") continue;
      shell.terminal.dispose();
      shell.place.remove();
      this.#shells.delete(name);
    }
  }

  #draw() {
    const names = [...new Set([...this.#names, ...this.#shells.keys()])].sort(inOrder);
    const had = document.activeElement?.closest?.("#shell-tabs a")?.hash;
    nav.replaceChildren(...names.map((name) => this.#tab(name)), more);
    if (had) nav.querySelector(`a[href="${had}"]`)?.focus();
  }

  #tab(name) {
    const tab = pattern.cloneNode(true);
    const title = this.#shells.get(name)?.title;
    tab.href = `#${name}`;
    tab.title = say("tab", { name });
    tab.querySelector("bdi").textContent = title ? `${name} ${title}` : name;
    if (name === this.#shown?.name) tab.setAttribute("aria-current", "page");
    return tab;
  }
}
