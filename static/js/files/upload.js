// One file on its way into the machine: pieces, how fast, what happens when the line is cut, the comparison at its end. No drawing.
// States: waiting, asking (it exists: replace?), sending, cut, checking, done, failed, lost (after a reload: choose it again).
import { hasherOf } from "./hasher.js";
import { Pace } from "./pace.js";
import { Cut } from "./server.js";
import { word } from "./file_words.js";

const PIECE = 8 << 20; // bytes
const PAUSES_MS = [700, 2000, 5000, 10_000, 30_000]; // after a cut, each with a share of chance
const STUCK = 4; // refusals of a piece's place, one after the other, before it is given up

export class Upload {
  #stop = new AbortController();
  #pace = new Pace();
  #cuts = 0;
  #misplaced = 0;
  #wake = null;
  #hasBegun = false; // what lies in the machine of it is of this very file
  #isAllSent = false; // it may have its place by now, and only the answer was lost

  constructor({ server, sums, path, name, size, lastModified, file = null, received = 0, replace = false, onChange }) {
    Object.assign(this, { server, sums, path, name, size, lastModified, file, received, replace, onChange });
    this.sent = received;
    this.#hasBegun = !file;
    this.#isAllSent = !file && received === size;
    this.state = file ? "waiting" : "lost";
    this.sentence = ""; // why it failed
    this.sum = "";
    this.isCompared = false;
  }

  get isRunning() { return ["sending", "cut", "checking"].includes(this.state); }
  get isUnfinished() { return this.state !== "done"; }

  is(file) { return file.name === this.name && file.size === this.size && file.lastModified === this.lastModified; }

  become(state, sentence = "") {
    Object.assign(this, { state, sentence });
    this.onChange(this);
  }

  // Until it is done, needs an answer, or cannot go on.
  async run() {
    this.#stop = new AbortController();
    this.hasher ??= hasherOf(this.file, this.sums);
    this.become("sending");
    while (!this.#stop.signal.aborted) {
      try {
        return await this.#send();
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        if (!(await this.#mayGoOn(error))) return;
      }
    }
  }

  async #mayGoOn(error) {
    if (error.code === "exists" && error.facts.can_replace !== false) return this.become("asking");
    if (error.code === "range") this.#isAllSent = false;
    if (error.code === "range" && (this.#misplaced += 1) < STUCK) return true; // the machine says where to go on
    if (!(error instanceof Cut)) return this.become("failed", error.message);
    if (!(await this.#isReadable())) return this.become("failed", word("unreadable"));
    this.become("cut", error.message);
    await this.#pause();
    return true;
  }

  // A file that was changed or moved away on the computer fails as a cut line does.
  #isReadable() {
    return this.file.slice(0, 1).arrayBuffer().then(() => true, () => false);
  }

  #pause() {
    const longest = PAUSES_MS[Math.min(this.#cuts, PAUSES_MS.length - 1)];
    this.#cuts += 1;
    return new Promise((done) => {
      this.#wake = done;
      setTimeout(done, longest * (0.5 + Math.random() / 2));
    });
  }

  // The line is back, or somebody asks to go on at once.
  hurry() { this.#wake?.(); }

  async #send() {
    const { signal } = this.#stop;
    this.received = await this.#whereToGoOn(signal);
    this.#pace.begin();
    this.#note(this.received);
    if (this.state !== "sending") this.become("sending");
    let answer;
    do {
      answer = await this.#sendPiece(signal);
    } while (!("size" in answer));
    await this.#compare(answer.sha256);
  }

  // A rest of some other time may be of another file: it is given up.
  async #whereToGoOn(signal) {
    const { received } = await this.server.received(this.path, this.size, signal);
    if (!received && this.#isAllSent) return this.size;
    if (!received || this.#hasBegun) return received;
    await this.server.giveUp(this.path, this.size);
    return 0;
  }

  async #sendPiece(signal) {
    const from = this.received;
    const piece = this.file.slice(from, from + PIECE);
    this.#hasBegun = true;
    const isLast = from + piece.size === this.size;
    const sum = this.hasher.upTo(isLast ? this.size : from);
    const onProgress = (loaded) => {
      this.#note(from + Math.min(loaded, piece.size));
      if (this.sent === this.size) {
        this.state = "checking";
        this.#isAllSent = true;
      }
      this.onChange(this);
    };
    // With the sum the machine itself refuses a file that arrived otherwise, before it takes the place of another.
    const sha256 = isLast ? await sum : null;
    const { path, size: total, replace } = this;
    const answer = await this.server.send(path, piece, { from, total, replace, sha256, signal, onProgress });
    this.#cuts = 0;
    if (answer.received > from) this.#misplaced = 0;
    this.received = answer.received ?? this.size;
    this.#note(this.received);
    this.onChange(this);
    return answer;
  }

  async #compare(theirs) {
    this.become("checking");
    const ours = await this.hasher.upTo(this.size);
    this.hasher.end();
    if (ours && theirs && ours !== theirs) return this.become("failed", word("differs"));
    this.sum = theirs ?? "";
    this.isCompared = Boolean(ours && theirs);
    this.become("done");
  }

  #note(sent) {
    this.sent = sent;
    this.#pace.note(sent, this.received - PIECE);
  }

  get rate() { return this.#pace.rate; }

  // Ends it here; what has arrived is given up in the machine.
  async cancel() {
    this.#stop.abort();
    this.hurry();
    this.hasher?.end();
    await this.server.giveUp(this.path, this.size).catch(() => {}); // the machine clears away what nobody goes on with
  }
}
