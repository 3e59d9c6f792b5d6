// The files' scripts come when they are wanted: most who open a terminal only type. Wanted by the button, by a file that is dragged over the
// window, where the pane was open, or where an upload of before a reload is to go on.
import { isKeptOpen, narrow } from "./kept.js";

const pane = document.getElementById("files");
const button = document.getElementById("files-button");
let loaded = null;
// What lies in a machine can be listed while its terminal can be opened: at one that sleeps nothing is offered.
const isAwake = () => document.getElementById("place").dataset.kind === "shell";

function load() {
  loaded ??= import("./pane.js").catch(() => {
    loaded = null;
    pane.hidden = false;
    pane.querySelector("[data-trouble]").textContent = button.dataset.failed;
  });
  return loaded;
}

function wasLeft() {
  return (!narrow.matches && isKeptOpen()) || sessionStorage.getItem(`files:${pane.dataset.machine}`);
}

async function follow() {
  if (button.hidden === !isAwake()) return;
  button.hidden = !isAwake();
  if (isAwake() && !loaded && wasLeft()) return load();
  const files = await loaded;
  if (isAwake()) files?.comeBack();
  else files?.rest();
}

button.addEventListener("click", async () => {
  const isFirst = !loaded;
  const files = await load();
  if (isFirst) files?.open();
  else files?.toggle();
});

// Until they are there, a file that is let go must not take the place of the page.
for (const name of ["dragover", "drop"]) {
  window.addEventListener(name, (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    if (isAwake()) load();
  });
}

document.addEventListener("htmx:afterSettle", follow);
follow();
