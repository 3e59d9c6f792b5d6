// The pane opens and closes: beside the terminal on a wide screen, on a phone as a sheet over everything else.
import { isKeptOpen, keepOpen, narrow } from "./kept.js";

export function sheetOf(pane, onOpen) {
  const button = document.getElementById("files-button");
  const others = () => [document.querySelector(".bench"), document.querySelector(".shell")].filter(Boolean);

  function cover() {
    const covers = narrow.matches && !pane.hidden;
    for (const each of others()) each.inert = covers;
    pane.toggleAttribute("data-sheet", covers);
  }

  function open({ focus = true } = {}) {
    if (pane.hidden) {
      pane.hidden = false;
      button.setAttribute("aria-expanded", "true");
      keepOpen(true);
      cover();
      onOpen();
    }
    if (focus) document.getElementById("files-title").focus();
  }

  function close() {
    pane.hidden = true;
    button.setAttribute("aria-expanded", "false");
    keepOpen(false);
    cover();
    button.focus();
  }

  // While the machine sleeps: out of sight, and open again once it is awake.
  function rest() {
    pane.hidden = true;
    cover();
  }

  function comeBack() {
    if (button.getAttribute("aria-expanded") !== "true") return;
    pane.hidden = false;
    cover();
    onOpen();
  }

  pane.querySelector("[data-close]").addEventListener("click", close);
  pane.addEventListener("keydown", (event) => { if (event.key === "Escape" && pane.hasAttribute("data-sheet")) close(); });
  narrow.addEventListener("change", cover);
  if (!narrow.matches && isKeptOpen()) open({ focus: false });
  return { open, rest, comeBack, toggle: () => (pane.hidden ? open() : close()) };
}
