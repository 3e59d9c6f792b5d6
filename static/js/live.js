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
