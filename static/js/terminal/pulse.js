// Whether the other side of an open line is still there. A browser may not notice for minutes that it is not: a frozen tab, a lost network.
const QUIET_MS = 2000; // after a key, without a word; a program need not print any
const STILL_MS = 20_000; // without a word at all, on a page that is looked at. To ask is no use of the machine
const ANSWER_MS = 4000;

export class Pulse {
  #timer = 0;
  #isAwaited = false; // a word: to a key, or to our asking
  #ask;
  #lost;

  constructor(ask, lost) {
    this.#ask = ask;
    this.#lost = lost;
  }

  // The page is looked at again, or it has been still for long.
  check() {
    this.#ask();
    this.#wait(ANSWER_MS, this.#lost, true);
  }

  typed() {
    if (!this.#isAwaited) this.#wait(QUIET_MS, () => this.check(), true);
  }

  // Whatever came.
  heard() {
    this.#wait(STILL_MS, () => { if (!document.hidden) this.check(); }, false);
  }

  // There is no line to ask.
  rest() {
    clearTimeout(this.#timer);
    this.#isAwaited = false;
  }

  #wait(ms, then, isAwaited) {
    this.rest();
    this.#isAwaited = isAwaited;
    this.#timer = setTimeout(then, ms);
  }
}
