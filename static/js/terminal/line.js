// The line of one shell to the live process: it connects, counts what came, says what was shown, and comes back by itself.
// The frames stand in docs/api.md. `hear` is told: state(name, facts), bytes(data, shown), names(list), echo(ms), kept().
import { Acks } from "./acks.js";
import { Kept } from "./kept.js";
import { Pulse } from "./pulse.js";

const RESTART_MS = [500, 3000]; // the next process is nearly there; not all pages at once
const FIRST_MS = 400; // before the second try; then twice as long each time
const LONGEST_MS = 15000;
const SILENT_MS = 25000; // without a word before the shell is open: try again
const ECHO_MS = 2000; // what comes later answers no key
const PIECE = 16 * 1024; // bytes of a frame
const ON_ITS_WAY = ["connecting", "lost", "restarting"];
const CODES = { restart: 1012, ended: 4000, elsewhere: 4001, refused: [4003, 4004, 4008] };

const between = (least, most) => least + Math.random() * (most - least);

export class Line {
  #address;
  #size;
  #hear;
  #socket = null;
  #acks = null;
  #life = "";
  #shell = ""; // the one of before
  #seen = 0;
  #end = null;
  #before = null; // how the try before ended, until one opens
  #tries = 0;
  #again = 0;
  #silence = 0;
  #typedAt = 0;
  #isToClose = false;
  #isHeard = true; // since the last key
  #kept;
  #pulse = new Pulse(() => this.#socket.send(JSON.stringify({ type: "ping" })), () => this.start());
  state = "idle";

  constructor(address, size, hear) {
    this.#address = address;
    this.#size = size;
    this.#hear = hear;
    this.#kept = new Kept(() => hear.kept());
  }

  get isOpen() {
    return this.state === "open";
  }

  // A shell is there, or comes back: somebody may type.
  get isFor() {
    return this.isOpen || (Boolean(this.#shell) && ON_ITS_WAY.includes(this.state));
  }

  // What is typed now arrives, or waits.
  get takes() {
    return this.isOpen || this.#kept.takes;
  }

  // What became of what was typed: "waits", "unsent", "unsure", or nothing to say.
  get fate() {
    return this.#kept.fate;
  }

  start() {
    clearTimeout(this.#again);
    this.#leave();
    const socket = new WebSocket(this.#url());
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    this.#acks = new Acks(socket);
    this.#end = null;
    socket.onmessage = ({ data }) => this.#heard(data);
    socket.onclose = ({ code }) => this.#closed(code);
    this.#listen();
    this.#become("connecting", { end: this.#before, tries: this.#tries });
  }

  // Its page shows something else now.
  stop() {
    clearTimeout(this.#again);
    this.#before = null;
    this.#leave();
    this.#become("idle");
  }

  // The page is looked at again, or the device has a network again: do not wait any longer.
  hurry({ isNewNetwork = false } = {}) {
    const isLate = this.state === "lost" || this.state === "restarting";
    if (isLate || (isNewNetwork && ["open", "connecting"].includes(this.state))) this.start();
    else if (this.isOpen) this.#pulse.check();
  }

  // Returns whether it arrives, or waits for the same shell.
  send(bytes) {
    if (!this.isOpen) return this.#kept.take(bytes);
    this.#kept.forget();
    this.#send(bytes);
    return true;
  }

  #send(bytes) {
    this.#isHeard = false;
    this.#pulse.typed();
    for (let at = 0; at < bytes.length; at += PIECE) this.#socket.send(bytes.subarray(at, at + PIECE));
  }

  // A key was pressed: the next output is taken for its echo.
  awaitEcho() {
    this.#typedAt ||= performance.now();
  }

  resize({ cols, rows }) {
    if (this.isOpen) this.#socket.send(JSON.stringify({ type: "resize", cols, rows }));
  }

  // For good: what runs in the shell ends. Where the line is not open just now, as soon as it is.
  close() {
    this.#isToClose = true;
    if (this.isOpen) this.#socket.send(JSON.stringify({ type: "close" }));
    else if (this.state !== "connecting") this.start();
  }

  #url() {
    const { cols, rows } = this.#size();
    const url = new URL(this.#address);
    url.search = new URLSearchParams({ cols, rows, ...(this.#life ? { life: this.#life, seen: this.#seen } : {}) });
    return url;
  }

  #become(state, facts = {}) {
    const isOnItsWay = ON_ITS_WAY.includes(state);
    if (this.isOpen && isOnItsWay) this.#kept.begin({ isSure: this.#isHeard });
    this.state = state;
    if (!this.isOpen && !isOnItsWay) {
      this.#kept.drop();
      this.#isToClose = false; // whoever opens it again wants it
    }
    this.#hear.state(state, facts);
  }

  #listen() {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#closed(0), SILENT_MS);
  }

  #heard(data) {
    this.#isHeard = true;
    if (typeof data === "string") this.#frame(JSON.parse(data));
    else this.#bytes(data);
    if (this.isOpen) this.#pulse.heard();
  }

  #frame(frame) {
    if (frame.type === "wait") {
      this.#listen();
      this.#become("connecting", { end: this.#before, place: frame.place, tries: 0 });
    } else if (frame.type === "open") {
      this.#opened(frame);
    } else if (frame.type === "names") this.#hear.names(frame.names);
    else if (frame.type === "end") this.#end = frame;
  }

  #opened(frame) {
    clearTimeout(this.#silence);
    const shell = frame.shell ?? frame.life; // a live process of before names none
    const isNew = Boolean(this.#shell) && this.#shell !== shell; // the one of before is gone
    this.#shell = shell;
    this.#life = frame.life;
    this.#seen = frame.at;
    this.#before = null;
    this.#tries = 0;
    this.#typedAt = 0;
    this.#become("open", { ...frame, isNew });
    this.resize(this.#size()); // a phone may have been turned meanwhile
    if (isNew) this.#kept.drop();
    else this.#kept.give((bytes) => this.#send(bytes));
    if (this.#isToClose) this.close();
  }

  #bytes(data) {
    const acks = this.#acks; // those of another socket are another's
    this.#seen += data.byteLength;
    const waited = performance.now() - this.#typedAt;
    if (this.#typedAt && waited < ECHO_MS) this.#hear.echo(waited);
    this.#typedAt = 0;
    this.#hear.bytes(new Uint8Array(data), () => acks.shown(data.byteLength));
  }

  #closed(code) {
    const end = this.#end;
    this.#before = null;
    this.#leave();
    if (code === CODES.ended) {
      this.#life = this.#shell = "";
      this.#become("ended", { end });
    } else if (code === CODES.elsewhere) this.#become("elsewhere", { end });
    else if (end ? !end.again : CODES.refused.includes(code)) this.#become("refused", { end });
    else if (code === CODES.restart) this.#wait("restarting", between(...RESTART_MS), end);
    else this.#wait("lost", between(0.5, 1) * Math.min(LONGEST_MS, FIRST_MS * 2 ** this.#tries), end);
  }

  #wait(state, ms, end) {
    this.#before = end;
    this.#tries += 1;
    this.#again = setTimeout(() => this.start(), ms);
    this.#become(state, { end, tries: this.#tries });
  }

  #leave() {
    clearTimeout(this.#silence);
    this.#pulse.rest();
    if (!this.#socket) return;
    this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close();
    this.#socket = null;
  }
}
