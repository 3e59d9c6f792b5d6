// Whether the other side of an open line is still there. A browser may not notice for minutes that it is not: a frozen tab, a lost network.
const QUIET_MS = 2000; // after a key, without a word; a program need not print any
const ANSWER_MS = 4000;

export class Pulse {
  #timer = 0;
  #ask;
  #lost;

  constructor(ask, lost) {
    this.#ask = ask;
    this.#lost = lost;
  }

  // The page is looked at again.
  check() {
    this.heard();
    this.#ask();
    this.#timer = setTimeout(this.#lost, ANSWER_MS);
  }

  typed() {
    this.#timer ||= setTimeout(() => this.check(), QUIET_MS);
  }

  // Whatever came, or there is no line to ask.
  heard() {
    clearTimeout(this.#timer);
    this.#timer = 0;
  }
}
