// The files on their way: four at once, the others wait. What has begun is remembered in this tab, so that it goes on after a reload.
import { Upload } from "./upload.js";
import { announce, asPercent, word } from "./file_words.js";

const MOST = 4;
const TOLD_MS = 15_000; // between two numbers that are read out

export class Queue {
  #key;
  #make;
  #onChange;
  #onArrival;
  #told = new Map(); // when the person was told, by upload
  uploads = [];

  constructor({ machine, server, sums, onChange, onArrival }) {
    this.#key = `files:${machine}`;
    this.#onChange = onChange;
    this.#onArrival = onArrival;
    this.#make = (facts) => new Upload({ ...facts, server, sums, onChange: (upload) => this.#changed(upload) });
    this.uploads = this.#remembered().map(this.#make);
  }

  // Returns what now carries the file: a new upload, or one from before the reload that goes on.
  add(file, path, isThere = false) {
    const before = this.uploads.find((upload) => upload.path === path && upload.isUnfinished);
    if (before) return this.#goOnOrTurnAway(before, file);
    const upload = this.#make({ path, file, name: file.name, size: file.size, lastModified: file.lastModified });
    this.uploads.push(upload);
    upload.become(isThere ? "asking" : "waiting");
    this.#next();
    return upload;
  }

  // Of one path there is one upload. Returns false where what is left of it is of another file.
  #goOnOrTurnAway(before, file) {
    if (["lost", "failed"].includes(before.state)) return this.goOn(before, file);
    announce(word("already", { name: before.name }));
    return before;
  }

  // The file of an upload that was cut by a reload, or failed, was chosen again. Returns false where it is another file.
  goOn(upload, file) {
    if (!upload.is(file)) return false;
    if (!["lost", "failed"].includes(upload.state)) return upload;
    upload.file = file;
    this.again(upload);
    return upload;
  }

  again(upload) {
    upload.become("waiting");
    this.#next();
  }

  replace(upload) {
    upload.replace = true;
    this.again(upload);
  }

  cancel(upload) {
    const hasBegun = upload.sent > 0 || upload.isRunning;
    this.forget(upload);
    if (hasBegun || upload.state === "lost") return upload.cancel();
  }

  forget(upload) {
    this.uploads = this.uploads.filter((each) => each !== upload);
    this.#changed(upload);
    this.#next();
  }

  forgetFinished() {
    for (const upload of this.uploads.filter(({ state }) => state === "done")) this.forget(upload);
  }

  hurry() { for (const upload of this.uploads) upload.hurry(); }

  get isBusy() { return this.uploads.some((upload) => upload.isRunning || upload.state === "waiting"); }

  #next() {
    const free = MOST - this.uploads.filter((upload) => upload.isRunning).length;
    for (const upload of this.uploads.filter(({ state }) => state === "waiting").slice(0, free)) {
      upload.run().then(() => this.#next());
    }
  }

  #changed(upload) {
    this.#remember();
    this.#tell(upload);
    this.#onChange(upload);
    if (upload.state === "done") this.#onArrival(upload);
  }

  // A change of state is told at once, a number now and then.
  #tell(upload) {
    const before = this.#told.get(upload) ?? {};
    if (!this.uploads.includes(upload)) return this.#told.delete(upload);
    const now = performance.now();
    const isNumber = before.state === upload.state;
    if (isNumber && (upload.state !== "sending" || now - before.at < TOLD_MS)) return;
    this.#told.set(upload, { state: upload.state, at: now });
    const percent = asPercent(upload.size ? upload.sent / upload.size : 1);
    if (isNumber || ["sending", "cut", "asking", "done", "failed"].includes(upload.state)) {
      announce(word(`told-${upload.state}`, { name: upload.name, percent, why: upload.sentence }));
    }
  }

  #remember() {
    const begun = this.uploads.filter(({ state, sent }) => state !== "done" && (sent > 0 || state === "lost"));
    const kept = begun.map(({ path, name, size, lastModified, sent, replace }) => (
      { path, name, size, lastModified, received: sent, replace }));
    try {
      if (kept.length) sessionStorage.setItem(this.#key, JSON.stringify(kept));
      else sessionStorage.removeItem(this.#key);
    } catch {
      // A browser that keeps nothing: after a reload it begins anew.
    }
  }

  #remembered() {
    try {
      return JSON.parse(sessionStorage.getItem(this.#key)) ?? [];
    } catch {
      return [];
    }
  }
}
