// The pane opens and closes: beside the terminal on a wide screen, on a phone as a sheet over everything else.
const OPEN_KEY = "files-open"; // kept for wide screens only: on a phone it would cover what the person came for
const narrow = matchMedia("(max-width: 59.99rem)");

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
      remember("yes");
      cover();
      onOpen();
    }
    if (focus) document.getElementById("files-title").focus();
  }

  function close() {
    pane.hidden = true;
    button.setAttribute("aria-expanded", "false");
    remember("");
    cover();
    button.focus();
  }

  function remember(answer) {
    if (!narrow.matches) localStorage.setItem(OPEN_KEY, answer);
  }

  button.hidden = false;
  button.addEventListener("click", () => (pane.hidden ? open() : close()));
  pane.querySelector("[data-close]").addEventListener("click", close);
  pane.addEventListener("keydown", (event) => { if (event.key === "Escape" && pane.hasAttribute("data-sheet")) close(); });
  narrow.addEventListener("change", cover);
  if (!narrow.matches && localStorage.getItem(OPEN_KEY) === "yes") open({ focus: false });
  return { open };
}
