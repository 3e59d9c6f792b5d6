// One shell of the machine: a terminal on the page, and its line to the live process.
import "../adopted_styles.js";
import { Terminal } from "../../vendor/xterm/xterm.mjs";
import { FitAddon } from "../../vendor/xterm/fit.mjs";
import { watchPastes } from "./clipboard.js";
import { withCtrl } from "./keyrow.js";
import { Line } from "./line.js";
import { hiddenLinks, plainLinks } from "./links.js";
import { options, theme } from "./look.js";
import { scrollsByTouch } from "./touch.js";
import { say } from "./words.js";

const SETTLED_MS = 120; // a window that is dragged larger is told of once
const LONGEST_TITLE = 30;
const LONG = 0xf0; // the first byte of a letter of four, in UTF-8
const REPORT = /^\x1b\[[<MIO]/; // of the mouse, or that the window is looked at: no key
const text = new TextEncoder();
Terminal.strings.promptLabel = say("field");
Terminal.strings.tooMuchOutput = say("too-much");

// A title is a guest's: without control characters and without those that turn the direction of a text, and short.
const bounded = (title) => [...title.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "")].slice(0, LONGEST_TITLE).join("");

export class Shell {
  title = "";
  facts = {};
  #fit = new FitAddon();
  #settles = 0;
  #widths = null;
  #hear;

  // `hear` is told: state(shell), title(shell), names(list), echo(shell, ms).
  constructor(name, place, address, hear) {
    this.name = name;
    this.place = place;
    this.#hear = hear;
    const terminal = new Terminal({ ...options(), linkHandler: hiddenLinks });
    this.terminal = terminal;
    for (const addon of [this.#fit, plainLinks()]) terminal.loadAddon(addon);
    terminal.open(place);
    if (matchMedia("(pointer: coarse)").matches) terminal.textarea.inputMode = "none"; // phones type in the box below
    terminal.options.disableStdin = true;
    this.line = new Line(address, () => this.size, this);
    this.#listen();
  }

  get size() {
    return { cols: this.terminal.cols, rows: this.terminal.rows };
  }

  set(chosen) {
    Object.assign(this.terminal.options, chosen);
    this.fit();
  }

  recolor() {
    this.terminal.options.theme = theme();
  }

  fit() {
    if (this.place.offsetParent) this.#fit.fit();
  }

  // Typed by the page: a key of its row, a line of its box.
  type(typed) {
    return this.line.send(text.encode(typed));
  }

  // ---- what its line tells ----

  state(name, facts) {
    this.facts = facts;
    this.terminal.options.disableStdin = !this.line.isFor;
    this.#hear.state(this);
  }

  kept() {
    this.#hear.state(this);
  }

  bytes(data, shown) {
    if (!this.#widths && data.some((byte) => byte >= LONG)) this.#widths = this.#loadWidths();
    if (this.#widths) this.#widths.then(() => this.terminal.write(data, shown)); // in order, and never before they are there
    else this.terminal.write(data, shown);
  }

  // How wide emoji are. Few shells show any, so the table comes with the first.
  async #loadWidths() {
    const { Unicode11Addon } = await import("../../vendor/xterm/unicode11.mjs").catch(() => ({}));
    if (!Unicode11Addon) return;
    this.terminal.loadAddon(new Unicode11Addon());
    this.terminal.unicode.activeVersion = "11";
  }

  names(list) {
    this.#hear.names(list);
  }

  echo(ms) {
    this.#hear.echo(this, ms);
  }

  // ---- what its terminal tells ----

  #listen() {
    const { terminal } = this;
    terminal.onKey(() => this.line.awaitEcho()); // before onData, which also has what the terminal answers
    terminal.onData((typed) => {
      if (this.line.isOpen || !REPORT.test(typed)) this.type(withCtrl(typed));
    });
    terminal.attachCustomKeyEventHandler(({ key }) => key !== "Tab" || this.line.takes); // to the button that helps
    terminal.onBinary((typed) => {
      if (this.line.isOpen) this.line.send(Uint8Array.from(typed, (letter) => letter.charCodeAt(0)));
    });
    terminal.onResize((size) => this.line.resize(size));
    terminal.onTitleChange((title) => {
      this.title = bounded(title);
      this.#hear.title(this);
    });
    terminal.parser.registerOscHandler(52, () => true); // the clipboard is not the guest's
    watchPastes(terminal);
    scrollsByTouch(terminal);
    new ResizeObserver(() => {
      clearTimeout(this.#settles);
      this.#settles = setTimeout(() => this.fit(), SETTLED_MS);
    }).observe(this.place);
  }
}
