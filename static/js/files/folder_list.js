// What lies in a folder: the way to it, a row for each name, and what may be done with it.
import { openActs } from "./acts.js";
import { escaped, inside, lastOf, stepsTo } from "./paths.js";
import { makeDownload, save } from "./save.js";
import { counted, isolated, size, when, word } from "./file_words.js";

const HIDDEN_KEY = "files-hidden";

export class List {
  #asked = null; // the request on its way
  #showsHidden = sessionStorage.getItem(HIDDEN_KEY) === "yes";
  path = "";
  home = "";
  entries = [];

  constructor({ pane, server }) {
    this.pane = pane;
    this.server = server;
    for (const name of ["trail", "entries", "remark", "hidden", "trouble"]) this[`$${name}`] = pane.querySelector(`[data-${name}]`);
    this.$hidden.addEventListener("click", () => this.#turnHidden());
    this.$entries.addEventListener("keydown", (event) => this.#walk(event));
  }

  at = (name) => inside(this.path, escaped(name));
  hasFile = (name) => this.entries.some((entry) => entry.name === name && ["file", "link"].includes(entry.kind));

  get isShown() { return Boolean(this.path); }
  get name() { return this.path === this.home ? word("home") : lastOf(this.path); }

  // Shows a folder. `focus`: the name whose row gets the focus, or true for the way to the folder.
  async show(path = this.path, { focus = null } = {}) {
    this.#asked?.abort();
    const asked = new AbortController();
    this.#asked = asked;
    this.pane.setAttribute("aria-busy", "true");
    if (!this.isShown) this.$remark.textContent = word("loading");
    try {
      const folder = await this.server.list(path, asked.signal);
      if (folder === null) return save(this.server.downloadOf({ path })); // a link to a file
      this.#take(folder);
      this.#focus(focus);
    } catch (error) {
      if (!asked.signal.aborted) this.#fail(error, path);
    } finally {
      if (this.#asked === asked) this.pane.removeAttribute("aria-busy");
    }
  }

  #take(folder) {
    Object.assign(this, { path: folder.path, parent: folder.parent, home: folder.home, more: folder.more, entries: inOrder(folder.entries) });
    this.$trouble.replaceChildren();
    this.draw();
  }

  #fail(error, path) {
    const again = document.createElement("button");
    Object.assign(again, { type: "button", className: "slim", textContent: word("try") });
    again.addEventListener("click", () => this.show(path, { focus: true }));
    const line = document.createElement("p");
    line.textContent = error.message;
    this.$trouble.replaceChildren(line, again);
    if (!this.isShown) this.$remark.textContent = "";
  }

  get hasTrouble() { return Boolean(this.$trouble.firstChild); }

  draw() {
    this.#drawTrail();
    const seen = this.#showsHidden ? this.entries : this.entries.filter(({ name }) => !name.startsWith("."));
    const rows = seen.map((entry) => this.#row(entry));
    if (this.parent && this.parent !== this.path) rows.unshift(this.#up());
    this.$entries.replaceChildren(...rows);
    const hidden = this.entries.filter(({ name }) => name.startsWith(".")).length;
    this.$hidden.hidden = !hidden;
    this.$hidden.textContent = this.#showsHidden ? word("hide-hidden") : counted("show-hidden", hidden);
    this.$remark.textContent = this.more ? counted("many", this.entries.length) : seen.length ? "" : word("empty");
  }

  #drawTrail() {
    const steps = stepsTo(this.path, this.home);
    this.$trail.replaceChildren(...steps.map(({ path, name }, place) => {
      const step = document.createElement("li");
      const isHere = place === steps.length - 1;
      const label = document.createElement(isHere ? "b" : "button");
      if (isHere) label.setAttribute("aria-current", "location");
      else Object.assign(label, { type: "button", className: "link slim", onclick: () => this.show(path, { focus: true }) });
      label.append(isolated(name));
      step.append(label);
      return step;
    }));
  }

  #row(entry) {
    const row = document.getElementById("files-entry").content.firstElementChild.cloneNode(true);
    const kind = ["folder", "file", "link"].includes(entry.kind) ? entry.kind : "other";
    for (const picture of row.querySelectorAll("[data-kind]")) if (picture.dataset.kind !== kind) picture.remove();
    row.dataset.of = entry.name;
    const name = row.querySelector("[data-name]");
    name.append(this.#opener(entry, kind, row.querySelector("[data-error]")));
    const facts = factsOf(entry, kind, this.pane.dataset.zone);
    if (facts) name.append(facts);
    const more = row.querySelector("[data-more]");
    more.setAttribute("aria-label", word("more", { name: entry.name }));
    more.addEventListener("click", () => openActs({ row, entry, kind, list: this }));
    return row;
  }

  // A press on its name opens a folder, and saves a file. A link may lead to either: that is asked.
  #opener(entry, kind, error) {
    const opener = document.createElement({ file: "a", other: "span" }[kind] ?? "button");
    opener.className = "opens";
    if (kind === "file") {
      const fail = (sentence) => { error.textContent = sentence; };
      makeDownload(opener, { server: this.server, query: { path: entry.path }, name: entry.name, fail });
      opener.setAttribute("aria-label", word("download-of", { name: entry.name }));
    } else if (kind !== "other") {
      opener.type = "button";
      opener.addEventListener("click", () => this.show(entry.path, { focus: true }));
    }
    opener.append(isolated(entry.name));
    return opener;
  }

  #up() {
    const row = document.createElement("li");
    row.className = "entry";
    const opener = document.createElement("button");
    const name = lastOf(this.parent);
    Object.assign(opener, { type: "button", className: "opens", textContent: `↑ ${word("up")}` });
    opener.setAttribute("aria-label", word("up-to", { name }));
    opener.addEventListener("click", () => this.show(this.parent, { focus: lastOf(this.path) }));
    row.append(opener);
    return row;
  }

  #turnHidden() {
    this.#showsHidden = !this.#showsHidden;
    sessionStorage.setItem(HIDDEN_KEY, this.#showsHidden ? "yes" : "");
    this.draw();
  }

  #focus(focus) {
    if (!focus) return;
    const rows = [...this.$entries.children];
    const row = rows.find((each) => each.dataset.of === focus) ?? rows[0];
    (row?.querySelector(".opens") ?? document.getElementById("files-title")).focus();
  }

  // The arrows lead from name to name, Home and End to the first and the last.
  #walk(event) {
    if (!event.target.matches(".opens")) return;
    const names = [...this.$entries.querySelectorAll("a.opens, button.opens")];
    const here = names.indexOf(event.target);
    const to = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: names.length - 1 }[event.key];
    if (to === undefined || !names[to]) return;
    event.preventDefault();
    names[to].focus();
  }
}

function inOrder(entries) {
  const { compare } = new Intl.Collator(document.documentElement.lang, { numeric: true });
  const isFile = ({ kind }) => Number(kind !== "folder");
  return [...entries].sort((one, other) => isFile(one) - isFile(other) || compare(one.name, other.name));
}

function factsOf({ size: bytes, modified }, kind, zone) {
  const facts = document.createElement("span");
  facts.className = "soft small facts-line";
  const at = new Date(typeof modified === "number" ? modified * 1000 : modified ?? NaN);
  if (kind === "file") facts.append(size(bytes));
  if (!Number.isNaN(at.getTime())) facts.append(...(kind === "file" ? ["\u00a0· "] : []), when(at, zone));
  return facts.hasChildNodes() ? facts : null;
}
