// What is typed while the line of a shell comes back: little, for a moment, and for that same shell only.
const MOST_BYTES = 4096;
const MOST_MS = 10_000; // what was typed longer ago would surprise whoever typed it

export class Kept {
  #pieces = [];
  #size = 0;
  #takes = false;
  #ends = 0;
  #changed;
  fate = ""; // what there is to say: "waits", "unsent", "unsure"

  constructor(changed) {
    this.#changed = changed;
  }

  get takes() {
    return this.#takes;
  }

  // The line was cut. Where keys of before may be lost, none is kept: after a gap the rest could mean something else.
  begin({ isSure }) {
    clearTimeout(this.#ends);
    this.#takes = isSure;
    if (!isSure) return this.#become("unsure");
    this.#ends = setTimeout(() => this.drop(), MOST_MS);
  }

  // All or nothing, for the same reason.
  take(bytes) {
    if (this.#takes && this.#size + bytes.length <= MOST_BYTES) {
      this.#pieces.push(bytes);
      this.#size += bytes.length;
      this.#become("waits");
    } else {
      this.drop();
      this.#become("unsent");
    }
    return this.#takes;
  }

  // The same shell is back.
  give(send) {
    this.#pieces.forEach((bytes) => send(bytes));
    this.#end(this.#size ? "" : this.fate);
  }

  // Another shell is there, none comes any more, or it took too long.
  drop() {
    this.#end(this.#size ? "unsent" : this.fate);
  }

  // What is typed now arrives.
  forget() {
    this.#become("");
  }

  #end(fate) {
    clearTimeout(this.#ends);
    this.#takes = false;
    this.#pieces = [];
    this.#size = 0;
    this.#become(fate);
  }

  #become(fate) {
    if (fate === this.fate) return;
    this.fate = fate;
    this.#changed();
  }
}
