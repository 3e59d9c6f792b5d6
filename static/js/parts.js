// Live parts: each has an address (hx-get) and what it is about (data-about). It is asked for when an event says that this has changed.
// Without events, or where none tells of it (data-untold), it asks by itself: while something is under way at its own pace (data-pace), else now and then.
// A part about all that happens (data-about="*") says how long it waits at least between two questions (data-least).
(() => {
const TICK_MS = 250;
const CALM_MS = 15000; // a settled part, without events
const SLOW_MS = { moving: 5000, calm: 60000 }; // with events: a bar moves by itself, and a hint may be lost
const SAY_AFTER_MS = 5000; // a page that has just been opened, or a restart, is no news
const REFUSED_MS = 60000;
const ANY = "*"; // what a part is about that shows something of everything

let isTold = false; // whether events come
let untoldSince = performance.now();
let isThere = false; // whether the live process is
let awaySince = performance.now();
const changed = new Set(); // what parts must be asked for, as soon as they can
const askedAt = new WeakMap();

const parts = () => document.querySelectorAll('[hx-trigger="look"]');

function pauseOf(part) {
  const pace = Number(part.dataset.pace);
  if (isTold && !("untold" in part.dataset)) return pace ? SLOW_MS.moving : SLOW_MS.calm;
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

function isDue(part, now) {
  const waited = now - askedAt.get(part);
  if (waited >= pauseOf(part)) return true;
  return changed.has(part.dataset.about) && waited >= Number(part.dataset.least ?? 0);
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
    if (isDue(part, now) && isFree(part)) {
      ask(part, now);
      asked.push(part.dataset.about);
    }
  }
  for (const about of asked) changed.delete(about);
  sayWhatIsAway(now);
}

// One sentence at a time: without the live process there are no events either.
function sayWhatIsAway(now) {
  const [asks, away] = ["asks-itself", "live-is-away"].map((id) => document.getElementById(id));
  if (away) away.hidden = isThere || now - awaySince < SAY_AFTER_MS;
  if (asks) asks.hidden = isTold || (away && !isThere) || now - untoldSince < SAY_AFTER_MS;
}

function all() {
  for (const part of parts()) changed.add(part.dataset.about);
  tick();
}

document.addEventListener("minga:event", ({ detail: event }) => {
  if (event.type === "change") {
    changed.add(event.id).add(ANY);
    tick();
  } else if (event.type === "gap") {
    setTimeout(all, Math.random() * event.within);
  } else if (event.type === "state") {
    if (event.live !== isTold) untoldSince = performance.now();
    if (event.there !== isThere) awaySince = performance.now();
    isTold = event.live;
    isThere = event.there;
  }
});

// What a person had unfolded or chosen stays so when the part around it is drawn anew.
let unfolded = [];
let chosen = [];

document.addEventListener("htmx:beforeSwap", () => {
  unfolded = [...document.querySelectorAll("details[open] > summary[id]")].map((summary) => summary.id);
  chosen = [...document.querySelectorAll("input[type=radio][id]:checked")].map((radio) => radio.id);
});
document.addEventListener("htmx:afterSwap", () => {
  for (const id of unfolded) {
    const fold = document.getElementById(id)?.parentElement;
    if (fold) fold.open = true;
  }
  for (const id of chosen) {
    const radio = document.getElementById(id);
    if (radio) radio.checked = true;
  }
  unfolded = [];
  chosen = [];
});

// A refused part belongs to a page that the person may no longer see: reload it, and it says so. At most once a minute.
document.addEventListener("htmx:responseError", ({ detail: { elt, xhr } }) => {
  if (xhr.status !== 403 || elt.getAttribute("hx-trigger") !== "look") return;
  if (Date.now() - Number(sessionStorage.refusedAt ?? 0) < REFUSED_MS) return;
  sessionStorage.refusedAt = Date.now();
  location.reload();
});

setInterval(tick, TICK_MS);
document.addEventListener("visibilitychange", () => { if (!document.hidden) all(); });
})();
