// Addresses that a shell shows. Ctrl (on a Mac Cmd) and a click opens one that can be read; otherwise the page shows where it leads, and asks.
import { WebLinksAddon } from "../../vendor/xterm/web-links.mjs";
import { ask } from "./questions.js";

const LONGEST = 2000; // characters of an address

// The address, where it is one of the web; null for all else, as javascript: and file:.
function webAddress(text) {
  if (text.length > LONGEST || !URL.canParse(text)) return null;
  const url = new URL(text);
  return ["http:", "https:"].includes(url.protocol) ? url : null;
}

async function open(url) {
  await ask("link-ask", (dialog) => {
    dialog.querySelector("[data-address]").textContent = url.href; // as the browser understands it: no look-alike letters in the host
    dialog.querySelector("a").href = url.href;
  });
}

function follow(event, text) {
  const url = webAddress(text);
  if (!url) return;
  if (event.ctrlKey || event.metaKey) window.open(url.href, "_blank", "noopener,noreferrer");
  else open(url);
}

// OSC 8: the text that is shown says nothing about the address, so it is always asked.
function followHidden(_event, text) {
  const url = webAddress(text);
  if (url) open(url);
}

export const hiddenLinks = { activate: followHidden, allowNonHttpProtocols: false };
export const plainLinks = () => new WebLinksAddon(follow);

const dialog = document.getElementById("link-ask");
dialog.querySelector("a").addEventListener("click", () => dialog.close("yes"));
