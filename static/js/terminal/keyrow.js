// The row of keys that phones lack. Ctrl stays pressed until the next key, wherever that is typed.
import { hintsAtMore } from "./edges.js";

const PLAIN = { Escape: "\x1b", Tab: "\t" };
const ARROWS = { ArrowUp: "A", ArrowDown: "B", ArrowRight: "C", ArrowLeft: "D" };
const row = document.getElementById("keyrow");
const ctrl = row.querySelector('[data-key="Control"]');

export const isCtrl = () => ctrl.getAttribute("aria-pressed") === "true";
const press = (on, key = ctrl) => key.setAttribute("aria-pressed", String(on));

// The text with Ctrl, where that is pressed and the text is one letter that has such a key. Ctrl is let go then.
export function withCtrl(text) {
  if (!isCtrl() || text.length !== 1) return text;
  press(false);
  const code = text.toUpperCase().charCodeAt(0);
  if (code >= 64 && code < 96) return String.fromCharCode(code - 64);
  return { " ": "\0", "/": "\x1f", "-": "\x1f", "~": "\x1e", "|": "\x1c" }[text] ?? text;
}

function arrow(letter, terminal) {
  if (isCtrl()) {
    press(false);
    return `\x1b[1;5${letter}`;
  }
  return `\x1b${terminal.modes.applicationCursorKeysMode ? "O" : "["}${letter}`;
}

// `shown` returns the shell that is on the page.
export function pressesKeys(shown) {
  hintsAtMore(row);
  row.addEventListener("pointerdown", (event) => event.preventDefault()); // the keyboard of a phone stays where it is
  row.addEventListener("click", ({ target }) => {
    const button = target.closest("button");
    const key = button?.dataset.key;
    if (!key) return;
    if (button.hasAttribute("aria-pressed")) return press(button.getAttribute("aria-pressed") !== "true", button);
    const shell = shown();
    shell?.type(ARROWS[key] ? arrow(ARROWS[key], shell.terminal) : PLAIN[key] ?? withCtrl(key));
  });
}
