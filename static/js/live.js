// A live part that cannot reach us says so, and goes on by itself once we answer again.
let lost = false;

function tell(isLost) {
  if (lost === isLost) return;
  lost = isLost;
  const note = document.getElementById("offline");
  if (note) note.hidden = !isLost;
}

document.addEventListener("htmx:sendError", () => tell(true));
document.addEventListener("htmx:timeout", () => tell(true));
document.addEventListener("htmx:responseError", () => tell(true));
document.addEventListener("htmx:afterRequest", (event) => { if (event.detail.successful) tell(false); });

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

// A part that has settled is looked at now and then while somebody sees the page: a connection may have woken the machine.
// Never below a person's hands: not while they type in it or have marked a line to copy.
const LOOK_MS = 15000;

function isInUse(part) {
  const focused = document.activeElement;
  const marked = getSelection();
  return (part.contains(focused) && focused.matches("input, textarea, select"))
    || (!marked.isCollapsed && part.contains(marked.anchorNode));
}

function look() {
  if (document.hidden) return;
  for (const part of document.querySelectorAll('[hx-trigger="look"]')) if (!isInUse(part)) htmx.trigger(part, "look");
}

setInterval(look, LOOK_MS);
document.addEventListener("visibilitychange", look);
