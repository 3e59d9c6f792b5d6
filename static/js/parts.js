// Live parts: each has an address (hx-get) and what it is about (data-about). It is asked for when an event says that this has changed.
// Without events it asks by itself: while something is under way at its own pace (data-pace), else now and then.
(() => {
const TICK_MS = 250;
const CALM_MS = 15000; // a settled part, without events
const SLOW_MS = { moving: 5000, calm: 60000 }; // with events: a bar moves by itself, and a hint may be lost
const SAY_AFTER_MS = 5000; // a page that has just been opened, or a restart, is no news

let isTold = false; // whether events come
let untoldSince = performance.now();
const changed = new Set(); // what parts must be asked for, as soon as they can
const askedAt = new WeakMap();

const parts = () => document.querySelectorAll('[hx-trigger="look"]');

function pauseOf(part) {
  const pace = Number(part.dataset.pace);
  if (isTold) return pace ? SLOW_MS.moving : SLOW_MS.calm;
  return pace || CALM_MS;
}

// Never below a person's hands: not while they type in it or have marked a line to copy.
function isInUse(part) {
  const focused = document.activeElement;
  const marked = getSelection();
  return (part.contains(focused) && focused.matches("input, textarea, select"))
    || (!marked.isCollapsed && part.contains(marked.anchorNode));
}

// What is under way is followed even where nobody looks: the title and screen readers tell of it.
function isFree(part) {
  if (part.classList.contains("htmx-request")) return false;
  return part.dataset.pace || !(document.hidden || isInUse(part));
}

function ask(part, now) {
  askedAt.set(part, now);
  htmx.trigger(part, "look");
}

function tick() {
  const now = performance.now();
  const asked = [];
  for (const part of parts()) {
    if (!askedAt.has(part)) askedAt.set(part, now);
    const isDue = changed.has(part.dataset.about) || now - askedAt.get(part) >= pauseOf(part);
    if (isDue && isFree(part)) {
      ask(part, now);
      asked.push(part.dataset.about);
    }
  }
  for (const about of asked) changed.delete(about);
  const note = document.getElementById("asks-itself");
  if (note) note.hidden = isTold || now - untoldSince < SAY_AFTER_MS;
}

function all() {
  for (const part of parts()) changed.add(part.dataset.about);
  tick();
}

document.addEventListener("minga:event", ({ detail: event }) => {
  if (event.type === "change") {
    changed.add(event.id);
    tick();
  } else if (event.type === "gap") {
    setTimeout(all, Math.random() * event.within);
  } else if (event.type === "state" && event.live !== isTold) {
    isTold = event.live;
    untoldSince = performance.now();
  }
});

// What a person had unfolded stays unfolded when the part around it is drawn anew.
let unfolded = [];

document.addEventListener("htmx:beforeSwap", (event) => {
  unfolded = [...event.detail.target.querySelectorAll("details[open] > summary[id]")].map((summary) => summary.id);
});
document.addEventListener("htmx:afterSwap", () => {
  for (const id of unfolded) {
    const fold = document.getElementById(id)?.parentElement;
    if (fold) fold.open = true;
  }
  unfolded = [];
});

setInterval(tick, TICK_MS);
document.addEventListener("visibilitychange", () => { if (!document.hidden) all(); });
})();
