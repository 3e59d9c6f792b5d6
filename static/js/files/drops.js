// Files that are dragged onto the pane or onto the terminal. Dropped anywhere else in the window they would replace the page.
import { say } from "./file_words.js";

export function receiveDrops({ isOffered, folderName, take }) {
  const veil = document.getElementById("drop-here");
  const isOfFiles = (event) => Boolean(event.dataTransfer?.types.includes("Files"));
  let leaving = 0;

  const hide = () => { veil.hidden = true; };

  function over(event) {
    if (!isOfFiles(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
    clearTimeout(leaving);
    if (!isOffered()) return hide();
    leaving = setTimeout(hide, 1000); // it is said again and again while something is dragged over the window
    if (!veil.hidden) return;
    veil.querySelector("span").replaceChildren(say("drop", { name: folderName() }));
    veil.hidden = false;
  }

  // The terminal must not see it: it would type the name.
  window.addEventListener("dragenter", over, true);
  window.addEventListener("dragover", over, true);
  window.addEventListener("dragleave", (event) => { if (!event.relatedTarget) hide(); }, true);
  window.addEventListener("drop", (event) => {
    if (!isOfFiles(event)) return;
    event.preventDefault();
    event.stopPropagation();
    clearTimeout(leaving);
    hide();
    if (!isOffered()) return;
    const folders = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter((entry) => entry?.isDirectory);
    const names = folders.map(({ name }) => name);
    take([...event.dataTransfer.files].filter(({ name }) => !names.includes(name)), names);
  }, true);
}
