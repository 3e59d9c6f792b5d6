// How the shell on the page stands: a word below it, and a sentence with a button where a person can do something.
import { say } from "./words.js";

const PATIENT = 3; // tries before the page says that nobody answers
const pill = document.getElementById("line-state");
const echo = document.getElementById("echo");
const typed = document.getElementById("typed-state");
const survives = document.getElementById("survives");
const note = document.getElementById("line-note");
const text = note.querySelector("p");
const button = note.querySelector("button");
const instead = document.getElementById("ssh-instead");
const TONES = { open: "tone-on", ended: "tone-away", elsewhere: "tone-away", refused: "tone-trouble" };

function word({ line, facts }) {
  if (line.state !== "connecting") return say({ open: "open", ended: "ended", elsewhere: "elsewhere", refused: "refused" }[line.state] ?? "connecting");
  if (!facts.place) return say("connecting");
  return say(facts.place === 1 ? "one-before" : "before", { place: facts.place });
}

const isUnheard = ({ line, facts }) => ["lost", "connecting"].includes(line.state) && facts.tries >= PATIENT && !facts.end;

// The sentence, and the word of the button that helps.
function sentence(shell) {
  const { line, facts } = shell;
  if (isUnheard(shell)) return [say(navigator.onLine ? "unavailable" : "offline"), ""];
  switch (line.state) {
    case "ended": return [facts.end?.text ?? say("has-ended"), say("new-shell")];
    case "elsewhere": return [say("is-elsewhere"), say("use-here")];
    case "refused": return [facts.end?.text ?? say("is-refused"), say("try-again")];
    case "restarting": return [facts.end?.text ?? say("is-restarting"), ""];
    case "connecting": // the reason of before stays until it is another
    case "lost": return [facts.end?.text ?? "", ""];
    case "open": return facts.isNew ? [say(facts.survives ? "is-new-in-tmux" : "is-new"), say("seen")] : ["", ""];
    default: return ["", ""];
  }
}

function middle(numbers) {
  const sorted = [...numbers].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)];
}

function put(element, words) {
  if (element.textContent !== words) element.textContent = words; // said once
}

export function showStanding(shell) {
  const { line, facts } = shell;
  const [says, does] = sentence(shell);
  put(pill, word(shell));
  pill.className = `pill ${TONES[line.state] ?? "tone-busy"}`;
  put(text, says);
  put(button, does);
  button.hidden = !does;
  note.hidden = !says;
  if (instead) instead.hidden = !(isUnheard(shell) || line.state === "refused");
  put(typed, line.fate ? say(`typed-${line.fate}`) : "");
  if (line.isOpen) put(survives, say(facts.survives ? "survives" : "survives-not"));
  else if (["ended", "refused"].includes(line.state)) put(survives, "");
  put(echo, line.isOpen && shell.echoes?.length ? `${Math.round(middle(shell.echoes))} ms` : "");
}

export function offersHelp(shown) {
  button.addEventListener("click", () => {
    const shell = shown();
    if (!shell) return;
    if (shell.line.isOpen) {
      shell.facts = { ...shell.facts, isNew: false };
      showStanding(shell);
    } else shell.line.start();
    shell.terminal.focus();
  });
}
