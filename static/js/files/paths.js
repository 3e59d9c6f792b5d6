// Paths of a machine are text in which \xNN stands for a byte, so a backslash of a name is written so, too.
import { word } from "./file_words.js";

export const escaped = (name) => name.replaceAll("\\", "\\x5c");
const plain = (name) => name.replaceAll("\\x5c", "\\");

export const inside = (folder, name) => `${folder === "/" ? "" : folder}/${name}`;
export const folderOf = (path) => path.slice(0, path.lastIndexOf("/")) || "/";
export const lastOf = (path) => plain(path.slice(path.lastIndexOf("/") + 1)) || "/";

// The folders on the way to a path: from the home, or from the root where it lies elsewhere.
export function stepsTo(path, home) {
  const isInHome = path === home || path.startsWith(`${home}/`);
  const steps = [isInHome ? { path: home, name: word("home") } : { path: "/", name: word("root") }];
  for (const name of path.slice(isInHome ? home.length : 0).split("/").filter(Boolean)) {
    steps.push({ path: inside(steps.at(-1).path, name), name: plain(name) });
  }
  return steps;
}
