// The box for a line: a field like any other, so that a phone's keyboard may correct, compose and complete as it likes
// (Android's writes twice or swallows in xterm.js's own field). The whole line goes to the shell.
import { isCtrl, withCtrl } from "./keyrow.js";
import { harmless } from "./clipboard.js";

const form = document.getElementById("typebox");
const box = form.querySelector("input");

// In a program that takes the whole screen (vim, less) each press of Send sends just what was typed; an empty box sends Enter.
function wanted(terminal) {
  const text = harmless(box.value);
  const isWhole = terminal.buffer.active.type === "alternate" && text;
  return isWhole ? text : `${text}\r`;
}

export function typesLines(shown) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const shell = shown();
    if (shell?.type(wanted(shell.terminal))) box.value = ""; // kept while there is no line
    box.focus();
  });
  let before = "";
  box.addEventListener("input", () => {
    const added = box.value.length - before.length;
    if (isCtrl() && added === 1 && box.value.startsWith(before)) {
      shown()?.type(withCtrl(box.value.at(-1)));
      box.value = before;
    }
    before = box.value;
  });
}
