// SHA-256 of files while they are sent, in a thread of its own: the terminal beside it goes on. Web Crypto takes only whole files.
// Asked {id, file, to}: reads on as far as `to` and answers {id, to, hex}, the last time with the sum. {id, over}: forgets it.
import { sha256 } from "../../vendor/noble-hashes/sha2.js";

const STEP = 4 << 20; // bytes in memory at once
const sums = new Map();
let turn = Promise.resolve(); // one after the other: each is faster than a line

addEventListener("message", ({ data }) => {
  turn = turn.then(() => answer(data)).catch(() => postMessage({ id: data.id, to: data.to, failed: true }));
});

async function answer({ id, file, to, over }) {
  if (over) return sums.delete(id);
  const sum = sums.get(id) ?? { hash: sha256.create(), at: 0 };
  sums.set(id, sum);
  while (sum.at < to) {
    const end = Math.min(sum.at + STEP, to);
    sum.hash.update(new Uint8Array(await file.slice(sum.at, end).arrayBuffer()));
    sum.at = end;
  }
  postMessage({ id, to, hex: to === file.size ? written(sum.hash.clone().digest()) : "" });
}

const written = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
