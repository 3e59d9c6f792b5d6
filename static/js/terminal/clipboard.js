// Copy and paste. A shell never reads or writes the clipboard by itself (OSC 52): only what a person presses does.
import { ask } from "./questions.js";
import { say, tell } from "./words.js";

const SHOWN_LINES = 200;
const SHOWN_LETTERS = 20000;

// Without control characters: with one, a text could leave the brackets of a paste and press Enter (ESC [201~).
export const harmless = (text) => text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g, "");

function shortened(lines) {
  const shown = lines.slice(0, SHOWN_LINES).join("\n");
  const isAll = lines.length <= SHOWN_LINES && shown.length <= SHOWN_LETTERS;
  return isAll ? shown : `${shown.slice(0, SHOWN_LETTERS)}\n…`;
}

// More than one line is asked about: a shell runs each as it comes.
export async function paste(terminal, given) {
  const text = harmless(given);
  const lines = text.split(/\r\n|\r|\n/);
  const isOne = lines.length === 1;
  const goesOn = isOne || (await ask("paste-ask", (dialog) => {
    dialog.querySelector("[data-lines]").textContent = lines.length - (lines.at(-1) ? 0 : 1);
    dialog.querySelector("pre").textContent = shortened(lines);
  }));
  if (goesOn && text) terminal.paste(text);
  terminal.focus();
}

export async function pasteFromClipboard(terminal) {
  const text = await navigator.clipboard.readText().catch(() => "");
  if (text) paste(terminal, text);
}

// What is marked; without a mark, what the window shows.
export async function copy(terminal) {
  const text = terminal.getSelection() || screenOf(terminal);
  const isDone = await write(text);
  tell(say(isDone ? "copied" : "not-copied"));
  terminal.focus();
}

async function write(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text).then(() => true, () => false);
  const area = document.createElement("textarea"); // a portal on plain http has no clipboard
  area.value = text;
  document.body.append(area);
  area.select();
  const isDone = document.execCommand("copy");
  area.remove();
  return isDone;
}

function screenOf(terminal) {
  const { active } = terminal.buffer;
  const rows = Array.from({ length: terminal.rows }, (_, row) => active.getLine(active.viewportY + row));
  return rows.map((line) => line?.translateToString(true) ?? "").join("\n").trimEnd();
}

// A paste of the browser's own (its key, its menu, the middle button).
export function watchPastes(terminal) {
  terminal.element.addEventListener("paste", (event) => {
    event.preventDefault();
    event.stopPropagation();
    paste(terminal, event.clipboardData?.getData("text/plain") ?? "");
  }, { capture: true });
}
