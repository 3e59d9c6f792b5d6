// Turns "It goes to sleep at 18:40." into "It goes to sleep in 12 min." and counts down. Without this script the time stands there.
// It comes with each question, also with one that an open page is sent; the first counts for all.
(() => {
  const root = document.documentElement;
  if (root.dataset.countsDown) return;
  root.dataset.countsDown = "yes";
  const ends = new WeakMap(); // when each is over, by a clock that nobody sets

  // In one unit, rounded down, as the pages write lengths of time.
  function words(seconds) {
    if (seconds < 60) return `${Math.floor(seconds)}\u00a0s`;
    const minutes = Math.floor(seconds / 60);
    return minutes < 120 ? `${minutes}\u00a0min` : `${Math.floor(minutes / 60)}\u00a0h`;
  }

  function tick() {
    const now = performance.now();
    for (const timer of document.querySelectorAll("[data-left]")) {
      if (!ends.has(timer)) ends.set(timer, now + 1000 * timer.dataset.left);
      const left = (ends.get(timer) - now) / 1000;
      const text = left < 1 ? timer.dataset.over : timer.dataset.in.replace("{left}", words(left));
      if (timer.textContent !== text) timer.textContent = text;
    }
  }

  tick();
  setInterval(tick, 1000);
})();
