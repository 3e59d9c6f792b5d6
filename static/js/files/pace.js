// How fast an upload goes: over its last seconds, and over a whole piece at least. A browser takes a piece at once, and then waits
// for the machine: over less, a slow line is said to be fast and then to stand still.
const LAST_MS = 8000;
const SOON_MS = 500; // before that it cannot be told

export class Pace {
  #samples = [];

  // Nothing of before counts: the line was cut.
  begin() { this.#samples = []; }

  // `arrived`: where the last piece that has arrived began, in bytes.
  note(sent, arrived, now = performance.now()) {
    const samples = this.#samples;
    samples.push([now, sent]);
    while (samples.length > 2 && now - samples[0][0] > LAST_MS && samples[1][1] <= arrived) samples.shift();
  }

  // Bytes a second; 0 while it cannot be told.
  get rate() {
    if (this.#samples.length < 2) return 0;
    const [[since, first], [now, last]] = [this.#samples[0], this.#samples.at(-1)];
    return now - since < SOON_MS ? 0 : Math.max(0, ((last - first) / (now - since)) * 1000);
  }
}
