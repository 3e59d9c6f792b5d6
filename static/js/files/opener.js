// The files' scripts come when they are wanted: most who open a terminal only type. Wanted by the button, by a file that is dragged over the
// window, where the pane was open, or where an upload of before a reload is to go on.
import { isKeptOpen, narrow } from "./kept.js";

const pane = document.getElementById("files");
const button = document.getElementById("files-button");
let loaded = null;

function load() {
  loaded ??= import("./pane.js").catch(() => {
    loaded = null;
    pane.hidden = false;
    pane.querySelector("[data-trouble]").textContent = button.dataset.failed;
  });
  return loaded;
}

button.hidden = false;
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
    load();
  });
}

if ((!narrow.matches && isKeptOpen()) || sessionStorage.getItem(`files:${pane.dataset.machine}`)) load();
