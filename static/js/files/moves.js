// How the files on their way look: a row each, with a bar, what is left, and what may be pressed in its state.
import { isolated, say, size, sizeOf, span, word } from "./file_words.js";

const SHORT = 8; // signs of a sum by which two are told apart at a glance
const DRAW_MS = 400; // a bar need not be drawn more often

export class Moves {
  #rows = new Map();
  #drawnAt = new Map();
  #due = new Set(); // rows that are drawn in a moment

  constructor({ place, queue, askForFile }) {
    this.list = place.querySelector("[data-moves]");
    this.clear = place.querySelector("[data-clear]");
    this.queue = queue;
    this.askForFile = askForFile;
    this.clear.addEventListener("click", () => {
      queue().forgetFinished();
      document.getElementById("files-title").focus();
    });
  }

  draw(upload) {
    const row = this.#rows.get(upload);
    if (!this.queue().uploads.includes(upload)) return this.#drop(upload, row);
    const drawn = this.#drawnAt.get(upload) ?? {};
    const now = performance.now();
    const isSame = drawn.state === upload.state && drawn.sentence === upload.sentence;
    if (isSame && now - drawn.at < DRAW_MS) return this.#later(upload);
    this.#drawnAt.set(upload, { state: upload.state, sentence: upload.sentence, at: now });
    this.#fill(row ?? this.#add(upload), upload, drawn.state !== upload.state);
    this.#offerToClear();
  }

  // The last number of a row is always drawn.
  #later(upload) {
    if (this.#due.has(upload)) return;
    this.#due.add(upload);
    setTimeout(() => { this.#due.delete(upload); this.draw(upload); }, DRAW_MS);
  }

  #add(upload) {
    const row = document.getElementById("files-move").content.firstElementChild.cloneNode(true);
    row.querySelector("[data-name]").append(isolated(upload.name));
    row.querySelector("progress").setAttribute("aria-label", word("upload-of", { name: upload.name }));
    this.#rows.set(upload, row);
    this.list.append(row);
    return row;
  }

  #drop(upload, row) {
    const hadFocus = row?.contains(document.activeElement);
    row?.remove();
    this.#rows.delete(upload);
    this.#drawnAt.delete(upload);
    this.#offerToClear();
    if (hadFocus) document.getElementById("files-title").focus();
  }

  #offerToClear() {
    this.list.hidden = !this.#rows.size;
    this.clear.hidden = !this.queue().uploads.some(({ state }) => state === "done");
  }

  #fill(row, upload, isNewState) {
    row.dataset.state = upload.state;
    const bar = row.querySelector("progress");
    bar.hidden = ["asking", "done", "failed"].includes(upload.state);
    bar.value = upload.size ? Math.floor((100 * upload.sent) / upload.size) : 100;
    const isWhole = ["asking", "waiting", "done"].includes(upload.state);
    row.querySelector("[data-of]").textContent = isWhole ? size(upload.size) : sizeOf(upload.sent, upload.size);
    row.querySelector("[data-say]").replaceChildren(this.#sentence(upload));
    this.#showSum(row.querySelector("[data-sum]"), upload);
    if (isNewState) this.#offer(row, upload);
  }

  #sentence(upload) {
    const { state, name, rate, sentence } = upload;
    if (state === "failed") return sentence;
    if (state === "cut") return say("cut", { why: sentence });
    if (state === "sending") {
      if (!rate) return say("sending");
      return say("speed", { rate: size(rate), left: span((upload.size - upload.sent) / rate) });
    }
    if (state === "done") return say(upload.isCompared ? "compared" : "not-compared");
    return say(state, { name });
  }

  // Folded: most people need only know that both are the same.
  #showSum(place, { state, isCompared, sum }) {
    place.hidden = state !== "done" || !isCompared;
    place.querySelector("summary code").textContent = `${sum.slice(0, SHORT)}…`;
    place.querySelector("[data-whole]").textContent = sum;
  }

  #offer(row, upload) {
    const place = row.querySelector("[data-answers]");
    const hadFocus = place.contains(document.activeElement);
    const offered = {
      asking: [["replace", () => this.queue().replace(upload)], ["keep", () => this.queue().cancel(upload)]],
      cut: [["now", () => upload.hurry()]],
      lost: [["choose", () => this.askForFile(upload)]],
      failed: [["again", () => this.queue().again(upload)]],
    }[upload.state] ?? [];
    place.replaceChildren(...offered.map(([key, action]) => this.#button(key, upload, action)));
    const cancel = row.querySelector("[data-cancel]");
    cancel.hidden = ["asking", "checking"].includes(upload.state);
    cancel.setAttribute("aria-label", word(upload.state === "done" ? "hide" : "cancel", { name: upload.name }));
    cancel.onclick = () => (upload.state === "done" ? this.queue().forget(upload) : this.queue().cancel(upload));
    if (hadFocus) (place.querySelector("button") ?? cancel).focus();
  }

  #button(key, upload, action) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "slim";
    button.textContent = word(key);
    button.setAttribute("aria-label", `${word(key)}: ${word("only-name", { name: upload.name })}`);
    button.addEventListener("click", action);
    return button;
  }
}
