// The box for a line: a field like any other, so that a phone's keyboard may correct, compose and complete as it likes
// (Android's writes twice or swallows in xterm.js's own field). The whole line goes to the shell.
import { isCtrl, withCtrl } from "./keyrow.js";
import { harmless } from "./clipboard.js";

const form = document.getElementById("typebox");
const box = form.querySelector("input");

// Enter goes with the line unless that is switched off, as for a key that a program waits for. An empty box is always Enter.
const enter = document.querySelector('#keyrow [data-key="Enter"]');

function wanted() {
  const text = harmless(box.value);
  return text && enter.getAttribute("aria-pressed") === "false" ? text : `${text}\r`;
}

export function typesLines(shown) {
  let before = "";
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (shown()?.line.isOpen && shown().type(wanted())) before = box.value = ""; // it stays there while there is no line
    box.focus();
  });
  box.addEventListener("input", () => {
    const added = box.value.length - before.length;
    if (isCtrl() && added === 1 && box.value.startsWith(before)) {
      shown()?.type(withCtrl(box.value.at(-1)));
      box.value = before;
    }
    before = box.value;
  });
}
