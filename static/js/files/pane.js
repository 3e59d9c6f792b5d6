// The files of a machine beside its terminal: what the pane is made of, and what its buttons do.
import { nameForm } from "./acts.js";
import { receiveDrops } from "./drops.js";
import { List } from "./folder_list.js";
import { Moves } from "./moves.js";
import { Queue } from "./queue.js";
import { makeDownload } from "./save.js";
import { serverAt } from "./server.js";
import { sheetOf } from "./sheet.js";
import { announce, say, word } from "./file_words.js";

const pane = document.getElementById("files");
const part = (name) => pane.querySelector(`[data-${name}]`);
const server = serverAt(pane.dataset);
const list = new List({ pane, server });
const moves = new Moves({ place: pane, queue: () => queue, askForFile: choose });
const queue = new Queue({
  machine: pane.dataset.machine, server, sums: pane.dataset.sums, onChange: (upload) => moves.draw(upload), onArrival: refreshFor,
});
const sheet = sheetOf(pane, fill);
export const { open, toggle, rest, comeBack } = sheet;
let wanted = null; // the upload of before a reload, whose file is chosen again

function fill() {
  for (const upload of queue.uploads) moves.draw(upload);
  list.show();
}

// A file that arrives in another folder than the one shown changes nothing here.
function refreshFor(upload) {
  if (list.at(upload.name) === upload.path) list.show();
}

function choose(upload = null) {
  wanted = upload;
  part("chosen").multiple = !upload;
  part("chosen").click();
}

part("upload").addEventListener("click", () => choose());
part("chosen").addEventListener("change", ({ target }) => {
  const files = [...target.files];
  target.value = ""; // so that the same file can be chosen once more
  if (!wanted) return take(files);
  if (files.length && !queue.goOn(wanted, files[0])) complain(say("other-file", { name: wanted.name }));
});

// Files from a drop or from the button, into the folder that is shown.
async function take(files, folders = []) {
  sheet.open({ focus: false });
  if (!list.isShown) await list.show();
  complain(...folders.map((name) => say("no-folders", { name })));
  if (!list.isShown) return; // the pane says why
  for (const file of files) {
    const upload = queue.add(file, list.at(file.name), list.hasFile(file.name));
    if (upload === false) complain(say("other-file", { name: file.name }));
  }
}

function complain(...sentences) {
  if (!sentences.length) return;
  part("trouble").replaceChildren(...sentences.map((sentence) => {
    const line = document.createElement("p");
    line.append(sentence);
    return line;
  }));
}

part("again").addEventListener("click", () => list.show());
makeDownload(part("home"), {
  server, query: { home: "tar" }, name: word("home"), fail: (sentence) => { part("home-error").textContent = sentence; },
});

part("new").addEventListener("click", () => {
  const isOpen = part("new").getAttribute("aria-expanded") === "true";
  if (isOpen) return shutNew();
  part("new").setAttribute("aria-expanded", "true");
  const save = async (name) => {
    await server.makeFolder(list.at(name));
    shutNew();
    announce(word("made", { name }));
    await list.show(undefined, { focus: name });
  };
  const form = nameForm({ label: word("new-folder"), save, cancel: shutNew });
  part("new-place").replaceChildren(form);
  form.querySelector("input").focus();
});

part("new-place").addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  event.stopPropagation();
  shutNew();
});

function shutNew() {
  part("new").setAttribute("aria-expanded", "false");
  part("new-place").replaceChildren();
  part("new").focus();
}

const isOffered = () => !document.getElementById("files-button").hidden;
receiveDrops({ isOffered, folderName: () => (list.isShown ? list.name : word("home")), take });
for (const name of ["online", "pageshow"]) addEventListener(name, () => queue.hurry());
document.addEventListener("visibilitychange", () => { if (!document.hidden) queue.hurry(); });
// The machine woke up, or the live process is there again: what could not be shown may be shown now.
document.addEventListener("minga:event", ({ detail }) => {
  if (detail.type === "change" && detail.id === pane.dataset.machine && !pane.hidden && list.hasTrouble) list.show();
});
addEventListener("beforeunload", (event) => { if (queue.isBusy) event.preventDefault(); });
if (queue.uploads.length) sheet.open({ focus: false });
