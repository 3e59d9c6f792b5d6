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
