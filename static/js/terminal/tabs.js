// The shells of one machine, a tab each. The live process says which of them are open: also those that another window opened.
import { hintsAtMore } from "./edges.js";
import { ask } from "./questions.js";
import { Shell } from "./shell.js";
import { leadsAlong } from "./tab_keys.js";
import { say } from "./words.js";

const FIRST = "1";
const NAME = /^[a-z0-9]{1,20}$/;
const row = document.getElementById("shell-tabs");
const more = document.getElementById("more-shells");
const pattern = document.getElementById("tab-pattern").content.firstElementChild;
const tabId = (name) => `tab-${name}`;
const inOrder = new Intl.Collator(undefined, { numeric: true }).compare;

export class Tabs {
  #shells = new Map();
  #names = new Set();
  #closing = new Set();
  #address;
  #changed;
  #shown = null;
  #rests = true;

  // `changed(shell)`: something about a shell is different now, which may be on the page.
  constructor(address, changed) {
    this.#address = address;
    this.#changed = changed;
    more.addEventListener("click", () => this.open(this.#unused()));
    row.addEventListener("click", ({ target }) => this.#pressed(target));
    leadsAlong(row, (tab) => this.close(tab.dataset.name));
    hintsAtMore(row);
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
    this.#shown = this.#shell(name);
    for (const shell of this.all) shell.place.hidden = shell !== this.#shown;
    this.#shown.fit();
    if (this.#shown.line.state === "idle") this.#shown.line.start();
    this.#draw();
    document.getElementById(tabId(name)).scrollIntoView({ block: "nearest", inline: "nearest" });
    this.#changed(this.#shown);
    this.focus();
  }

  // What runs in it ends, so the page asks first. A terminal that is over leaves only its tab.
  async close(name) {
    if (this.#isOver(name)) return this.#leave(name);
    if (!(await ask("close-ask", (dialog) => { dialog.querySelector("h2").textContent = say("close", { name }); }))) return;
    if (this.#isOver(name)) return this.#leave(name); // meanwhile
    this.#closing.add(name);
    this.#shell(name).line.close();
  }

  // Only where nobody works elsewhere on the page, and no keyboard comes up for it.
  focus() {
    const isFree = document.activeElement === document.body || row.parentElement.contains(document.activeElement);
    if (isFree && matchMedia("(pointer: fine)").matches) this.#shown?.terminal.focus();
  }

  // ---- what shells tell ----

  state(shell) {
    if (shell.line.state === "ended") {
      this.#names.delete(shell.name);
      const wasToClose = this.#closing.delete(shell.name);
      if (shell.facts.end?.code === "unclosed") this.open(shell.name); // its shell may go on, which has to be read
      else if (wasToClose && this.#leave(shell.name)) return;
    }
    if (["refused", "elsewhere"].includes(shell.line.state)) this.#closing.delete(shell.name);
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

  #pressed(target) {
    const name = target.closest("[role=tab]")?.dataset.name;
    if (name && target.closest(".shut")) this.close(name);
    else if (name) this.open(name);
  }

  #shell(name) {
    if (!this.#shells.has(name)) this.#shells.set(name, this.#made(name));
    return this.#shells.get(name);
  }

  #made(name) {
    const place = document.createElement("div");
    place.className = "shell-place";
    place.id = `shell-${name}`;
    place.setAttribute("role", "tabpanel");
    place.setAttribute("aria-labelledby", tabId(name));
    place.hidden = true;
    document.getElementById("shells").append(place);
    return new Shell(name, place, this.#address(name), this);
  }

  #isOver(name) {
    return ["ended", "refused"].includes(this.#shells.get(name)?.line.state);
  }

  get #all() {
    return [...new Set([...this.#names, ...this.#shells.keys()])].sort(inOrder);
  }

  // Its tab goes, and the one beside it is shown. The last one stays: its place says how to open a new one.
  #leave(name) {
    const names = this.#all;
    const at = names.indexOf(name);
    const beside = names[at + 1] ?? names[at - 1];
    if (!beside) return false;
    const wasShown = this.#shown?.name === name;
    this.#forget(name);
    if (wasShown) this.open(beside);
    else this.#draw();
    return true;
  }

  #forget(name) {
    const shell = this.#shells.get(name);
    shell.line.stop();
    shell.terminal.dispose();
    shell.place.remove();
    this.#shells.delete(name);
    this.#names.delete(name);
  }

  // A shell that has ended goes when another tab is looked at.
  #forgetEnded(shown) {
    for (const [name, shell] of this.#shells) if (name !== shown && shell.line.state === "ended") this.#forget(name);
  }

  #draw() {
    const had = row.contains(document.activeElement) ? document.activeElement.id : "";
    const names = this.#all;
    row.replaceChildren(...names.map((name) => this.#tab(name, names.length === 1)));
    if (had) (document.getElementById(had) ?? row.querySelector('[tabindex="0"]'))?.focus();
  }

  #tab(name, isOnly) {
    const tab = pattern.cloneNode(true);
    const title = this.#shells.get(name)?.title;
    const isShown = name === this.#shown?.name;
    tab.id = tabId(name);
    tab.dataset.name = name;
    tab.tabIndex = isShown ? 0 : -1;
    tab.setAttribute("aria-selected", String(isShown));
    if (this.#shells.has(name)) tab.setAttribute("aria-controls", `shell-${name}`);
    tab.setAttribute("aria-label", [say("tab", { name }), title].filter(Boolean).join(" "));
    tab.querySelector("bdi").textContent = title ? `${name} ${title}` : say("tab", { name });
    tab.querySelector(".shut").hidden = isOnly && this.#isOver(name);
    return tab;
  }
}
