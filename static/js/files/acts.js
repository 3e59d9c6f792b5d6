// What may be done with one name of a folder, in its row: download, rename, and delete after a question.
import { escaped, folderOf, inside } from "./paths.js";
import { makeDownload } from "./save.js";
import { announce, say, size, word } from "./file_words.js";

let shut = null; // closes the row that is open

export function openActs({ row, entry, kind, list }) {
  const more = row.querySelector("[data-more]");
  const wasOpen = more.getAttribute("aria-expanded") === "true";
  shut?.();
  if (wasOpen) return more.focus();
  const place = row.querySelector("[data-acts]");
  shut = () => {
    place.hidden = true;
    place.replaceChildren();
    more.setAttribute("aria-expanded", "false");
    shut = null;
  };
  place.onkeydown = (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    back();
  };
  const back = () => { shut?.(); more.focus(); };
  const fail = (sentence) => { row.querySelector("[data-error]").textContent = sentence; };
  const act = { place, entry, kind, list, back, fail };
  place.replaceChildren(buttons(act));
  place.hidden = false;
  more.setAttribute("aria-expanded", "true");
  place.querySelector("a, button").focus();
}

const copyOf = (id) => document.getElementById(id).content.firstElementChild.cloneNode(true);

function buttons(act) {
  const { entry, kind, list, fail } = act;
  const { path, name } = entry;
  const { server } = list;
  const row = copyOf("files-acts");
  const file = row.querySelector("[data-download]");
  const tar = row.querySelector("[data-tar]");
  makeDownload(named(file, "download-of", entry), { server, query: { path }, name, fail });
  makeDownload(named(tar, "download-tar", entry), { server, query: { path, as: "tar" }, name, fail });
  if (kind !== "file") file.remove();
  if (kind !== "folder") tar.remove();
  named(row.querySelector("[data-rename]"), "rename-of", entry).onclick = () => rename(act);
  named(row.querySelector("[data-remove]"), "remove-of", entry).onclick = () => remove(act);
  return row;
}

function named(button, key, entry) {
  button.setAttribute("aria-label", word(key, { name: entry.name }));
  return button;
}

// A form for one name. `save` gets the name, and its fault is shown at the field.
export function nameForm({ label, value = "", save, cancel }) {
  const form = copyOf("files-name-form");
  const [input, error] = [form.querySelector("input"), form.querySelector("[data-error]")];
  input.id = "files-name";
  error.id = "files-name-error";
  form.noValidate = true;
  form.querySelector("label").htmlFor = input.id;
  form.querySelector("label").append(label);
  input.value = value;
  form.querySelector("[data-cancel]").onclick = cancel;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const wrong = whyNot(input.value) ?? await busy(form, () => save(input.value));
    if (!wrong) return;
    error.textContent = wrong;
    input.setAttribute("aria-invalid", "true");
    input.setAttribute("aria-describedby", error.id);
    input.focus();
  });
  return form;
}

function whyNot(name) {
  if (!name.trim()) return word("no-name");
  return name.includes("/") || name === "." || name === ".." ? word("slash") : null;
}

// Returns the sentence where it failed. A second press meanwhile does nothing.
async function busy(place, work) {
  const button = place.querySelector("button");
  if (button.getAttribute("aria-busy")) return null;
  button.setAttribute("aria-busy", "true");
  try {
    await work();
    return null;
  } catch (error) {
    return error.message;
  } finally {
    button.removeAttribute("aria-busy");
  }
}

function rename({ place, entry, list, back }) {
  const save = async (name) => {
    if (name === entry.name) return back();
    await list.server.rename(entry.path, inside(folderOf(entry.path), escaped(name)));
    announce(word("renamed", { name }));
    await list.show(undefined, { focus: name });
  };
  place.replaceChildren(nameForm({ label: say("new-name", { name: entry.name }), value: entry.name, save, cancel: back }));
  const input = place.querySelector("input");
  input.focus();
  const dot = entry.name.lastIndexOf(".");
  input.setSelectionRange(0, dot > 0 ? dot : entry.name.length);
}

async function remove({ place, entry, kind, list, back }) {
  const box = copyOf("files-sure");
  const text = box.querySelector("p");
  const error = box.querySelector("[data-error]");
  const yes = box.querySelector("[data-yes]");
  box.querySelector("[data-cancel]").onclick = back;
  yes.onclick = async () => {
    error.textContent = "";
    error.textContent = await busy(box, async () => {
      await list.server.remove(entry.path);
      announce(word("removed", { name: entry.name }));
      await list.show(undefined, { focus: true });
    }) ?? "";
  };
  yes.hidden = kind === "folder"; // until it is known what goes with it
  text.append(say(kind === "folder" ? "sure-counting" : `sure-${kind}`, { name: entry.name, size: size(entry.size ?? 0) }));
  place.replaceChildren(box);
  box.focus();
  if (kind !== "folder") return;
  text.replaceChildren(await insideOf(entry, list));
  yes.hidden = false;
  if (box.contains(document.activeElement)) box.focus();
}

async function insideOf(entry, list) {
  const { name } = entry;
  const inside = await list.server.list(entry.path).catch(() => null);
  if (!inside || inside.more) return say("sure-unknown", { name });
  const count = inside.entries.length;
  if (!count) return say("sure-empty", { name });
  return say(count === 1 ? "sure-folder-one" : "sure-folder", { name, count: count.toLocaleString(document.documentElement.lang) });
}
