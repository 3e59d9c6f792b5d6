// The serial console of a machine: offered where the cloud has one, opened by a press. The terminal's library comes with the press.
import { Acks } from "../terminal/acks.js";
import { Pulse } from "../terminal/pulse.js";
import { addressOf, askOver, sayOnly } from "./log.js";

const ENDS = { 4000: "ended", 4001: "elsewhere", 4003: "rights", 4004: "none", 4005: "busy", 4008: "flood", 4009: "taken", 4010: "idle" };
const PIECE = 16384; // bytes of a frame
const section = document.getElementById("serial");
const said = document.getElementById("serial-said");
const place = document.getElementById("serial-place");
const opens = document.getElementById("serial-open");
const closes = document.getElementById("serial-close");
const text = new TextEncoder();
let terminal = null;
let socket = null;
let pulse = null; // of the line that is open

document.addEventListener("minga:console", ({ detail }) => {
  section.hidden = ["reading", "not_set_up"].includes(detail.state);
  if (socket) return;
  sayOnly(section, "serial", detail.serial ? "offered" : "none");
  opens.hidden = !detail.serial;
});

function type(bytes) {
  if (socket?.readyState !== WebSocket.OPEN) return;
  pulse.typed();
  for (let at = 0; at < bytes.length; at += PIECE) socket.send(bytes.subarray(at, at + PIECE));
}

function end(name) {
  socket = null;
  pulse?.rest();
  sayOnly(said, "end", name);
  opens.hidden = false;
  closes.hidden = true;
  if (terminal) terminal.options.disableStdin = true;
}

async function open() {
  opens.hidden = true;
  sayOnly(said, "end", "connecting");
  place.hidden = false;
  const { makeTerminal } = await import("./serial_terminal.js").catch(() => ({}));
  if (!makeTerminal) return end("lost");
  terminal ??= makeTerminal(place, (typed) => type(text.encode(typed)), (typed) => type(Uint8Array.from(typed, (sign) => sign.charCodeAt(0))));
  const own = new WebSocket(addressOf("/serial"));
  own.binaryType = "arraybuffer";
  socket = own;
  const acks = new Acks(own);
  pulse = new Pulse(() => askOver(own), () => {
    end("lost");
    own.close();
  });
  pulse.heard();
  own.onmessage = ({ data }) => {
    if (own !== socket) return;
    pulse.heard();
    if (typeof data === "string") return hear(JSON.parse(data));
    terminal.write(new Uint8Array(data), () => acks.shown(data.byteLength));
  };
  own.onclose = ({ code }) => { if (own === socket) end(ENDS[code] ?? "lost"); };
}

function hear(facts) {
  if (facts.type !== "open") return;
  sayOnly(said, "end", "open");
  closes.hidden = false;
  terminal.options.disableStdin = false;
  terminal.focus();
}

opens.addEventListener("click", open);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && socket?.readyState === WebSocket.OPEN) pulse.check();
});
closes.addEventListener("click", () => {
  const own = socket;
  end("");
  own?.close();
  opens.focus();
});
