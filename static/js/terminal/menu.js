// The menu of the page, and its keys: copy, paste, search, size of the text, help for screen readers.
import { copy, pasteFromClipboard } from "./clipboard.js";
import { helpReaders, readersAreHelped, resizeText, textSize } from "./look.js";
import { tell } from "./words.js";

const menu = document.getElementById("shell-menu");
const item = (name) => menu.querySelector(`[data-do="${name}"]`);

function showChosen() {
  menu.querySelector("[data-size]").textContent = textSize();
  item("reader").setAttribute("aria-checked", String(readersAreHelped()));
}

// The letter with Ctrl (and Shift) that the page keeps for itself; "" for all that are the shell's.
function deedOf({ ctrlKey, shiftKey, altKey, metaKey, key }) {
  if (!ctrlKey || altKey || metaKey) return "";
  if (shiftKey) return { C: "copy", V: "native-paste", F: "search", ArrowUp: "leave", "+": "larger" }[key] ?? "";
  return { "+": "larger", "=": "larger", "-": "smaller", 0: "usual" }[key] ?? "";
}

export function offersMenu(tabs, search) {
  const resized = (by) => {
    tell(String(resizeText(tabs.all, by)));
    showChosen();
  };
  const deeds = {
    copy: () => copy(tabs.shown.terminal),
    paste: () => pasteFromClipboard(tabs.shown.terminal),
    search,
    larger: () => resized(1),
    smaller: () => resized(-1),
    usual: () => resized(0),
    close: () => tabs.close(tabs.shown.name),
    leave: () => menu.querySelector("summary").focus(),
    reader: () => {
      helpReaders(tabs.all, !readersAreHelped());
      showChosen();
    },
  };
  const stays = ["larger", "smaller", "usual", "reader"];

  menu.addEventListener("click", ({ target }) => {
    const name = target.closest("[data-do]")?.dataset.do;
    if (!name || !tabs.shown) return;
    if (!stays.includes(name)) menu.open = false;
    deeds[name]();
  });
  document.addEventListener("keydown", (event) => {
    const name = deedOf(event);
    if (!name || !tabs.shown || document.querySelector("dialog[open]")) return;
    event.stopPropagation();
    if (name === "native-paste") return; // the browser pastes, and clipboard.js hears of it
    event.preventDefault();
    deeds[name]();
  }, { capture: true });
  item("paste").hidden = !navigator.clipboard?.readText;
  showChosen();
}
