// The thread that sums files up (sum.js), started when the first file is sent.
let worker = null;
let last = 0;
const waiting = new Map(); // what asks, by "id to"

function start(address) {
  worker = new Worker(address, { type: "module" });
  worker.addEventListener("message", ({ data }) => settle(`${data.id} ${data.to}`, data.failed ? null : data.hex));
  // Without it files still arrive: they are not compared, and the page says so.
  worker.addEventListener("error", () => { for (const key of [...waiting.keys()]) settle(key, null); worker = false; });
}

function settle(key, hex) {
  waiting.get(key)?.(hex);
  waiting.delete(key);
}

export function hasherOf(file, address) {
  const id = last += 1;
  return {
    // Sums up as far as `to`. Gives "", at the end the sum; null where it cannot be known.
    upTo(to) {
      if (worker === null) start(address);
      if (worker === false) return Promise.resolve(null);
      return new Promise((done) => {
        waiting.set(`${id} ${to}`, done);
        worker.postMessage({ id, file, to });
      });
    },
    end: () => worker && worker.postMessage({ id, over: true }),
  };
}
