// Search in what the shell has shown. The library comes when somebody searches first.
import { say } from "./words.js";

const form = document.getElementById("search");
const box = form.querySelector("input");
const count = form.querySelector("[data-count]");
const MARKS = { matchBackground: "#5b4a16", activeMatchBackground: "#f5b83d", matchOverviewRuler: "#f5b83d", activeMatchColorOverviewRuler: "#ffffff" };
const addons = new WeakMap(); // by terminal

async function addonOf(terminal) {
  if (!addons.has(terminal)) {
    const { SearchAddon } = await import("../../vendor/xterm/search.mjs");
    const addon = new SearchAddon();
    terminal.loadAddon(addon);
    addon.onDidChangeResults(({ resultIndex, resultCount }) => {
      count.textContent = resultCount ? `${resultIndex + 1}/${resultCount}` : box.value ? say("nothing-found") : "";
    });
    addons.set(terminal, addon);
  }
  return addons.get(terminal);
}

export function searches(shown) {
  async function find(back) {
    const terminal = shown()?.terminal;
    if (!terminal || !box.value) return;
    const addon = await addonOf(terminal);
    addon[back ? "findPrevious" : "findNext"](box.value, { decorations: MARKS });
  }

  function close() {
    form.hidden = true;
    const terminal = shown()?.terminal;
    addons.get(terminal)?.clearDecorations();
    terminal?.focus();
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    find(event.submitter?.dataset.way !== "down");
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
  });
  form.querySelector("[data-close]").addEventListener("click", close);
  return function open() {
    form.hidden = false;
    box.value = shown()?.terminal.getSelection().split("\n")[0] || box.value;
    box.select();
    box.focus();
  };
}
