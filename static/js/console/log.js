// The console log of a machine, for as long as somebody looks at the page. What the guest wrote comes as plain text, and stays text here.
// The live process sends {type: "state", state, serial} and {type: "log", fresh, text}, and answers a ping: see portal/live/consoles.
import { Pulse } from "../terminal/pulse.js";

const MOST_LETTERS = 200000; // on the page; the oldest go
const HIDDEN_MS = 10000; // a page that nobody sees has nothing read for it
const LONGEST_MS = 20000; // between two tries
const OVER = [4003, 4008]; // the right has ended, or too much was sent
const place = document.getElementById("console");
const said = document.getElementById("console-said");
const output = document.getElementById("console-text");

export function addressOf(path = "") {
  const base = (place.dataset.live || location.origin).replace(/^http/, "ws");
  return `${base}/live/console/${place.dataset.machine}${path}`;
}

// Whether anybody is there is asked on a line that is open; one that does not open in time is lost, too.
export function askOver(line) {
  if (line?.readyState === WebSocket.OPEN) line.send('{"type":"ping"}');
}

// Show the one sentence of a group whose attribute has this value.
export function sayOnly(group, attribute, value) {
  for (const sentence of group.querySelectorAll(`[data-${attribute}]`)) sentence.hidden = sentence.dataset[attribute] !== value;
}

function write(text, isFresh) {
  const isAtEnd = isFresh || output.scrollTop + output.clientHeight > output.scrollHeight - 40;
  const all = isFresh ? text : output.textContent + text;
  output.textContent = all.length > MOST_LETTERS ? all.slice(all.indexOf("\n", all.length - MOST_LETTERS) + 1) : all;
  output.hidden = !output.textContent;
  if (isAtEnd) output.scrollTop = output.scrollHeight;
}

let socket = null;
let again = 0;
let tries = 0;
let left = 0;
const pulse = new Pulse(() => askOver(socket), lost);

function hear({ data }) {
  const facts = JSON.parse(data);
  tries = 0;
  pulse.heard();
  if (facts.type === "pong") return;
  if (facts.type === "log") return write(facts.text, facts.fresh);
  sayOnly(said, "state", facts.state);
  document.dispatchEvent(new CustomEvent("minga:console", { detail: facts }));
}

// Nothing comes any more, though nobody has closed it.
function lost() {
  leave();
  sayOnly(said, "state", "lost");
  closed({});
}

function closed({ code }) {
  socket = null;
  pulse.rest();
  if (OVER.includes(code)) return sayOnly(said, "state", "over");
  tries += 1;
  if (tries > 1) sayOnly(said, "state", "lost");
  again = setTimeout(connect, (0.5 + Math.random()) * Math.min(LONGEST_MS, 500 * 2 ** tries));
}

function connect() {
  clearTimeout(again);
  if (socket || document.hidden) return;
  if (!tries && output.hidden) sayOnly(said, "state", "connecting");
  socket = new WebSocket(addressOf());
  socket.onmessage = hear;
  socket.onclose = closed;
  pulse.heard();
}

function leave() {
  pulse.rest();
  if (!socket) return;
  socket.onmessage = socket.onclose = null;
  socket.close();
  socket = null;
}

function look() {
  clearTimeout(left);
  if (document.hidden) left = setTimeout(leave, HIDDEN_MS);
  else if (!socket) connect();
  else if (socket.readyState === WebSocket.OPEN) pulse.check();
  else pulse.heard();
}

document.addEventListener("visibilitychange", look);
addEventListener("pageshow", look);
addEventListener("online", look);
addEventListener("pagehide", leave);
connect();
