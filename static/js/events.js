// One stream of events for all tabs of a browser: the tab that holds the lock reads it and passes each event on.
// Here they arrive as "minga:event" of the document, with {type: "state" | "gap" | "change" | "alive" | "over", …}.
// A state says whether events come (live), and whether the live process is there at all, which also carries terminals and files (there).
// Every page of somebody who is signed in has it, so that it is left when their right ends.
(() => {
  const NAME = "minga-events";
  const SILENT_MS = 40000; // a sign of life comes every 15 s
  const SPREAD_MS = 10000; // after a gap that all browsers have at once
  const STEADY_MS = 30000; // a stream that stayed open for this long counts as working
  const SOON = { tries: 2, ms: [300, 1500] }; // after a restart that was told: the next process is nearly there
  const CHECK_MS = [20000, 900000]; // between two checks whether the right has ended: at first, and at most
  const { events: address, ask } = document.currentScript.dataset;
  if (!window.EventSource) return;

  const channel = window.BroadcastChannel ? new BroadcastChannel(NAME) : null;
  const between = (least, most) => least + Math.random() * (most - least);
  let source = null; // of the tab that reads
  let openedAt = 0;
  let release = null;
  let tries = 0;
  let soon = 0; // tries left that need not wait long
  let letInAt = 0; // when the portal let the stream in; 0: it has not
  let check = { pause: CHECK_MS[0], next: 0 };
  let last = ""; // the id of the last change
  let live = false;
  let there = false;
  let silence = 0;
  let again = 0;

  function hear(event) {
    if (event.type === "state") ({ live, there } = event);
    if (event.last) last = event.last;
    clearTimeout(silence);
    silence = setTimeout(lose, SILENT_MS);
    document.dispatchEvent(new CustomEvent("minga:event", { detail: event }));
    if (event.type === "over") leave();
  }

  // The right to listen has ended: the person was blocked or signed out, or owes the terms of use. The portal says where they go on, if so.
  async function leave() {
    const headers = { "HX-Request": "true", "HX-Current-URL": location.href };
    const answer = await fetch(ask, { headers }).catch(() => null);
    const next = answer?.headers.get("HX-Redirect");
    if (next) location.assign(next);
    return Boolean(next);
  }

  // The stream was refused, not cut off: the right may have ended while nobody listened. But a proxy refuses, too, while the live process
  // is down. So only this tab asks, less and less often; the others ask when it has to leave.
  function checkRight() {
    const now = performance.now();
    if (now < check.next) return;
    check = { pause: Math.min(2 * check.pause, CHECK_MS[1]), next: now + check.pause };
    setTimeout(async () => { if (await leave()) channel?.postMessage({ type: "over" }); }, between(200, 2000));
  }

  function tell(event) {
    channel?.postMessage(event);
    hear(event);
  }

  function lose() {
    if (source) return comeBack();
    hear({ type: "state", live: false, there: false });
  }

  function open() {
    source = new EventSource(last ? `${address}?last=${encodeURIComponent(last)}` : address, { withCredentials: true });
    openedAt = performance.now();
    source.addEventListener("state", (event) => {
      letInAt ||= performance.now();
      soon = 0;
      tell({ type: "state", live: event.data === "live", there: true });
    });
    source.addEventListener("gap", () => {
      const isOfAll = performance.now() - openedAt > 2000;
      tell({ type: "gap", within: isOfAll ? SPREAD_MS : 0 });
    });
    source.addEventListener("change", (event) => {
      tell({ type: "change", id: event.data.split(" ")[1], last: event.lastEventId });
    });
    source.addEventListener("alive", () => tell({ type: "alive" }));
    source.addEventListener("bye", (event) => {
      const [why, wait] = event.data.split(" ");
      if (why === "rights") tell({ type: "over" });
      comeBack(Number(wait));
    });
    source.addEventListener("error", () => {
      if (source.readyState === EventSource.CLOSED && !soon) checkRight();
      comeBack();
    });
  }

  // When it was told to, or after a moment of its own, so that not all browsers come at once; later and later while nobody answers.
  function comeBack(told) {
    source?.close();
    if (there) tell({ type: "state", live: false, there: false });
    if (letInAt && performance.now() - letInAt > STEADY_MS) {
      tries = 0;
      check = { pause: CHECK_MS[0], next: 0 };
    }
    letInAt = 0;
    const wait = told || (soon ? between(...SOON.ms) : between(tries ? 1000 : 200, tries < 2 ? 6000 : tries < 4 ? 10000 : 30000));
    soon = told ? SOON.tries : Math.max(0, soon - 1);
    tries += 1;
    clearTimeout(again);
    again = setTimeout(() => { if (release) open(); }, wait);
  }

  function read() {
    open();
    return new Promise((done) => { release = done; });
  }

  function start() {
    if (navigator.locks && channel) navigator.locks.request(NAME, read);
    else read();
    channel?.postMessage({ type: "who" });
  }

  function stop() {
    source?.close();
    source = null;
    clearTimeout(again);
    release?.();
    release = null;
  }

  channel?.addEventListener("message", ({ data }) => {
    if (data.type !== "who") hear(data);
    else if (source) channel.postMessage({ type: "state", live, there });
  });
  // A page that the browser keeps for "back" must not hold the lock.
  addEventListener("pagehide", stop);
  addEventListener("pageshow", (event) => { if (event.persisted) start(); });
  start();
})();
