// A live part with sections (data-section): an answer replaces only those that look different from what was sent last, so
// what a person reads, has unfolded, scrolled or in focus anywhere else stays as it is. Nothing moves that has not changed.
// A part that comes back without hx-trigger has ended: it is not asked for again.
(() => {
const sent = new Map(); // by section, the HTML as it came: a person may have changed what stands there

const sectionsIn = (root) => new Map([...root.querySelectorAll("[data-section]")].map((each) => [each.dataset.section, each]));
const nameOf = (element) => element.id || element.getAttribute("href");
const inside = (section, selector) => [...section.querySelectorAll(selector)];

for (const [name, section] of sectionsIn(document)) sent.set(name, section.outerHTML);

// Focus goes to the same link in the new section, or to its heading where that link is gone.
function refocus(name, section) {
  const heading = section.querySelector("h2");
  const next = inside(section, "a[href], button[id], summary, [tabindex]").find((each) => nameOf(each) === name) ?? heading;
  if (!next) return;
  if (next === heading) heading.tabIndex = -1;
  next.focus({ preventScroll: true });
}

function replace(old, fresh) {
  const active = document.activeElement;
  const focused = old.contains(active) ? active : null;
  const unfolded = inside(old, "details[open] > summary[id]").map((summary) => summary.id);
  const scrolled = inside(old, ".scroll").map((box) => [box.scrollLeft, box.scrollTop]);
  old.replaceWith(fresh);
  for (const id of unfolded) {
    const fold = document.getElementById(id)?.parentElement;
    if (fold) fold.open = true;
  }
  inside(fresh, ".scroll").forEach((box, place) => box.scrollTo(...(scrolled[place] ?? [0, 0])));
  if (focused) refocus(nameOf(focused), fresh);
}

// A screen reader is told where the sentence of a section (data-says) is another one, and of nothing else.
function say(old, fresh) {
  if (fresh.dataset.says && fresh.dataset.says !== old.dataset.says) {
    document.getElementById("said").textContent = fresh.dataset.says;
  }
}

document.addEventListener("htmx:beforeSwap", (event) => {
  const { target, xhr, shouldSwap } = event.detail;
  if (!shouldSwap || !target.querySelector("[data-section]") || target.getAttribute("hx-trigger") !== "look") return;
  event.detail.shouldSwap = false;
  const standing = sectionsIn(target);
  const answer = new DOMParser().parseFromString(xhr.responseText, "text/html");
  if (answer.getElementById(target.id)?.hasAttribute("hx-trigger") === false) target.removeAttribute("hx-trigger");
  for (const [name, fresh] of sectionsIn(answer)) {
    const old = standing.get(name);
    const html = fresh.outerHTML;
    if (!old || sent.get(name) === html) continue;
    sent.set(name, html);
    say(old, fresh);
    replace(old, fresh);
  }
});
})();
