// What the files pane asks of the live process, and how it fails: a Fault has a sentence for the person; a Cut is tried again.
import { word } from "./file_words.js";

const SILENT_MS = 60_000; // nothing of a piece went out, and no answer came: the line is cut
const SUM_BYTES = 10_000; // that a slow machine sums up in a millisecond, before it answers the last piece
const LONGEST_MS = 600_000; // for an answer, as a proxy has it (docs/admin/install.md)
const LATER = [408, 429, 503, 504]; // too slow, too many at once, away for a moment
const PROXYS = [502, ...LATER]; // the same in words of a proxy

export class Fault extends Error {
  constructor(sentence, { code = "odd", ...facts } = {}) {
    super(sentence);
    Object.assign(this, { code, facts });
  }
}

export class Cut extends Error {}

export function serverAt({ address, download }) {
  const at = (query, base = address) => `${base}?${new URLSearchParams(query)}`;
  // Where the live process has a port of its own, cookies go only if the request says so.
  const headers = { Accept: "application/json", "Accept-Language": document.documentElement.lang };

  async function ask(method, query, signal) {
    let answer;
    try {
      answer = await fetch(at(query), { method, headers, credentials: "include", cache: "no-store", signal });
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new Cut(word("away"));
    }
    if (method === "GET" && answer.ok && !isJson(answer.headers.get("content-type"))) {
      answer.body?.cancel();
      return null; // a file, not a folder
    }
    return read(answer.status, await answer.text().catch(() => ""));
  }

  // Of fetch() nobody hears how much has gone out, so a piece goes by the older way.
  function send(path, piece, { from, total, replace, sha256, signal, onProgress }) {
    const request = new XMLHttpRequest();
    request.open("PUT", at({ path, ...(replace && { replace: 1 }), ...(sha256 && { sha256 }) }));
    request.withCredentials = true;
    request.setRequestHeader("Accept-Language", headers["Accept-Language"]);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    if (total) request.setRequestHeader("Content-Range", `bytes ${from}-${from + piece.size - 1}/${total}`);
    return new Promise((done, failed) => {
      let silence;
      const hear = (patience = SILENT_MS) => {
        clearTimeout(silence);
        silence = setTimeout(() => request.abort(), patience);
      };
      const summed = from + piece.size === total ? total : 0;
      const awaitAnswer = () => hear(Math.min(SILENT_MS + summed / SUM_BYTES, LONGEST_MS));
      const stop = () => request.abort();
      request.upload.addEventListener("progress", ({ loaded }) => { hear(); onProgress(loaded); });
      request.upload.addEventListener("load", awaitAnswer);
      request.addEventListener("load", () => {
        try {
          done(read(request.status, request.responseText));
        } catch (error) {
          failed(error);
        }
      });
      for (const name of ["error", "abort"]) request.addEventListener(name, () => failed(new Cut(word("away"))));
      request.addEventListener("loadend", () => { clearTimeout(silence); signal.removeEventListener("abort", stop); });
      signal.addEventListener("abort", stop);
      if (signal.aborted) return failed(new Cut(""));
      if (piece.size) hear();
      else awaitAnswer();
      request.send(piece);
    });
  }

  // A browser that is refused a download says no more than that. So the answer is begun here first, for its sentence.
  async function check(query) {
    const stop = new AbortController();
    try {
      const answer = await fetch(at(query), { headers, credentials: "include", cache: "no-store", signal: stop.signal });
      if (!answer.ok) read(answer.status, await answer.text());
    } catch (error) {
      throw error instanceof TypeError ? new Cut(word("away")) : error;
    } finally {
      stop.abort();
    }
  }

  return {
    send,
    check,
    list: (path, signal) => ask("GET", { path }, signal),
    received: (path, size, signal) => ask("GET", { path, upload: 1, size }, signal),
    giveUp: (path, size) => ask("DELETE", { path, upload: 1, size }),
    makeFolder: (path) => ask("POST", { path, do: "folder" }),
    rename: (path, to) => ask("POST", { path, do: "rename", to }),
    remove: (path) => ask("DELETE", { path }),
    downloadOf: (query) => at(query, download),
  };
}

const isJson = (type) => Boolean(type?.startsWith("application/json"));

function read(status, text) {
  let told = null;
  try {
    told = text ? JSON.parse(text) : {};
  } catch {
    // A proxy's page: not an answer of ours.
  }
  if (status >= 200 && status < 300 && told) return told;
  const isLater = told?.code ? LATER.includes(status) || told.code === "busy" : PROXYS.includes(status);
  if (isLater) throw new Cut(told?.detail ?? word("away"));
  throw new Fault(told?.detail ?? word("odd", { status }), told ?? {});
}
