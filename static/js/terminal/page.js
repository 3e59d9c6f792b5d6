// The page of a terminal: as soon as the machine runs, its shell opens in the place where its progress was shown.
import { offersMenu } from "./menu.js";
import { pressesKeys } from "./keyrow.js";
import { onOtherTheme } from "./look.js";
import { searches } from "./search.js";
import { offersHelp, showStanding } from "./standing.js";
import { Tabs } from "./tabs.js";
import { typesLines } from "./typebox.js";

const { live, machine } = document.getElementById("main").dataset;
const address = (name) => `${(live || location.origin).replace(/^http/, "ws")}/live/terminal/${machine}/${name}`;
const place = () => document.getElementById("place");
const tabs = new Tabs(address, (shell) => {
  if (shell !== tabs.shown) return;
  showStanding(shell);
  // The machine may have gone to sleep: the page asks now, not when its turn comes.
  if (["refused", "ended"].includes(shell.line.state)) htmx.trigger(place(), "look");
  if (shell.line.isOpen) tabs.focus();
});
const shown = () => tabs.shown;

function follow() {
  const isShell = place().dataset.kind === "shell";
  for (const id of ["shell-frame", "shell-menu"]) document.getElementById(id).hidden = !isShell;
  if (isShell) tabs.begin();
  else tabs.rest();
}

function hurry(isNewNetwork = false) {
  if (!document.hidden) for (const shell of tabs.all) shell.line.hurry({ isNewNetwork });
}

pressesKeys(shown);
typesLines(shown);
offersHelp(shown);
offersMenu(tabs, searches(shown));
document.addEventListener("htmx:afterSettle", follow);
document.addEventListener("visibilitychange", () => hurry());
addEventListener("pageshow", () => hurry());
addEventListener("online", () => hurry(true));
onOtherTheme(() => tabs.all.forEach((shell) => shell.recolor()));
follow();
