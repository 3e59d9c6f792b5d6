// One stream of events for all tabs of a browser: the tab that holds the lock reads it and passes each event on.
// Here they arrive as "minga:event" of the document, with {type: "state" | "gap" | "change" | "alive", …}.
(() => {
  const NAME = "minga-events";
  const SILENT_MS = 40000; // a sign of life comes every 15 s
  const SPREAD_MS = 10000; // after a gap that all browsers have at once
  const address = document.getElementById("asks-itself")?.dataset.events;
  if (!address || !window.EventSource) return;

  const channel = window.BroadcastChannel ? new BroadcastChannel(NAME) : null;
  const between = (least, most) => least + Math.random() * (most - least);
  let source = null; // of the tab that reads
  let openedAt = 0;
  let release = null;
  let tries = 0;
  let last = ""; // the id of the last change
  let live = false;
  let silence = 0;
  let again = 0;

  function hear(event) {
    if (event.type === "state") live = event.live;
    if (event.last) last = event.last;
    clearTimeout(silence);
    silence = setTimeout(lose, SILENT_MS);
    document.dispatchEvent(new CustomEvent("minga:event", { detail: event }));
  }

  function tell(event) {
    channel?.postMessage(event);
    hear(event);
  }

  function lose() {
    if (source) return comeBack();
    hear({ type: "state", live: false });
  }

  function open() {
    source = new EventSource(last ? `${address}?last=${encodeURIComponent(last)}` : address, { withCredentials: true });
    openedAt = performance.now();
    source.addEventListener("state", (event) => {
      tries = 0;
      tell({ type: "state", live: event.data === "live" });
    });
    source.addEventListener("gap", () => {
      const isOfAll = performance.now() - openedAt > 2000;
      tell({ type: "gap", within: isOfAll ? SPREAD_MS : 0 });
    });
    source.addEventListener("change", (event) => {
      tell({ type: "change", id: event.data.split(" ")[1], last: event.lastEventId });
    });
    source.addEventListener("alive", () => tell({ type: "alive" }));
    source.addEventListener("bye", (event) => comeBack(Number(event.data.split(" ")[1])));
    source.addEventListener("error", () => comeBack());
  }

  // When it was told to, or after a moment of its own, so that not all browsers come at once; ever later while nobody answers.
  function comeBack(told) {
    source?.close();
    if (live) tell({ type: "state", live: false });
    const wait = told || (tries ? between(1000, tries < 4 ? 10000 : 30000) : between(200, 8000));
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
    else if (source) channel.postMessage({ type: "state", live });
  });
  // A page that the browser keeps for "back" must not hold the lock.
  addEventListener("pagehide", stop);
  addEventListener("pageshow", (event) => { if (event.persisted) start(); });
  start();
})();
