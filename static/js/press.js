// Pressed buttons answer at once: the button is busy and the state says what was asked, while the request is on its way.
// The answer is the whole page of before; the part that holds the button is taken from it (hx-select), so a refusal looks as without scripts.
(() => {
const partOf = (form) => document.querySelector(form.getAttribute("hx-target"));
const stateIn = (part) => part.querySelector(".word");
const PLAIN = ["main", "notes"]; // parts without a state
const before = new WeakMap(); // by form, the word of the state that stood there

// A second press while the first is on its way is not sent: it would cut off the answer to the first, and be answered instead of it.
document.addEventListener("htmx:confirm", (event) => {
  if (before.has(event.detail.elt)) event.preventDefault();
});

document.addEventListener("htmx:beforeRequest", (event) => {
  const form = event.detail.elt;
  if (!form.matches("[data-press]")) return;
  const part = partOf(form);
  form.closest("details.menu")?.removeAttribute("open");
  form.querySelector("button").setAttribute("aria-busy", "true");
  before.set(form, stateIn(part)?.textContent);
  if (!form.dataset.press) return;
  stateIn(part).textContent = `${form.dataset.press} …`;
  document.getElementById("said").textContent = form.dataset.press;
});

function undo(event) {
  const form = event.detail.elt;
  if (!form.matches("[data-press]") || !before.has(form)) return;
  form.querySelector("button").removeAttribute("aria-busy");
  if (before.get(form)) stateIn(partOf(form)).textContent = before.get(form);
  before.delete(form);
}
for (const name of ["htmx:sendError", "htmx:timeout", "htmx:sendAbort"]) document.addEventListener(name, undo);

// A refusal is an answer like any other. One without the part is shown whole, in place of the page; a page that the answer leads to is gone to.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { requestConfig, xhr, target } = event.detail;
  if (!requestConfig.elt.matches("[data-press]")) return;
  before.delete(requestConfig.elt);
  const answer = new DOMParser().parseFromString(xhr.responseText, "text/html");
  const has = (id) => Boolean(answer.getElementById(id));
  const isSignedOut = answer.body.classList.contains("signed-out"); // our own address then leads to signing in, and back
  // Every page has notes: where only they were to be drawn, a refusal is the page itself.
  const isPart = has(target.id) && !isSignedOut && !(target.id === "notes" && xhr.status >= 400);
  const isPage = !isPart && xhr.status >= 400 && has("main") && !isSignedOut;
  event.detail.shouldSwap = isPart || isPage;
  requestConfig.elt.closest("[hx-preserve]")?.removeAttribute("id"); // what was typed has been sent: its new form takes its place
  event.detail.isError = !event.detail.shouldSwap;
  if (isPage) {
    event.detail.target = document.getElementById("main");
    event.detail.selectOverride = "#main";
    requestConfig.elt.removeAttribute("hx-select-oob"); // the notes are in it
  } else if (event.detail.isError) {
    location.assign(xhr.status < 400 ? xhr.responseURL : location.href);
  }
});

// What was pressed has gone with the state that it changed: whoever uses the keyboard goes on at the new state.
document.addEventListener("htmx:afterSettle", (event) => {
  const { elt, requestConfig } = event.detail;
  if (!requestConfig?.elt.matches("[data-press]") || document.activeElement !== document.body) return;
  const part = document.getElementById(elt.id);
  const next = part && (stateIn(part) ?? (PLAIN.includes(part.id) ? part : null));
  if (!next) return;
  next.tabIndex = -1;
  next.focus({ preventScroll: !PLAIN.includes(part.id) });
});

// Every other form leads to a page, unless its button is for a file: it is busy until that comes, or until its person comes back to this one.
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || event.target.method !== "post" || event.submitter?.matches("[data-file]")) return;
  (event.submitter ?? event.target.querySelector("button"))?.setAttribute("aria-busy", "true");
});
addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("button[aria-busy]")) button.removeAttribute("aria-busy");
});
})();
