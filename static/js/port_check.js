// A check of the way to a machine's port, each hop shown as it comes: lines of JSON from the live process. Without this script the
// button leads there, and back to the page.
const button = document.getElementById("check-now");
const verdict = document.getElementById("verdict");
const list = document.getElementById("hops");
const rows = document.getElementById("hop-rows").content;
const checkedAt = document.getElementById("checked-at");
const language = document.documentElement.lang;

function show(hop) {
  const row = rows.querySelector(`[data-hop="${CSS.escape(hop.name)}"]`)?.cloneNode(true);
  if (!row) return;
  if (hop.ok !== null) row.className = hop.ok ? "tone-on" : "tone-trouble";
  row.querySelector("[data-ms]").textContent = hop.ms === null ? "" : `${Math.max(1, Math.round(hop.ms))}\u00a0ms`;
  row.querySelector("[data-broken]").hidden = hop.ok !== false;
  row.querySelector("[data-note]").textContent = hop.note;
  const right = row.querySelector("[data-right]");
  right.hidden = hop.ok || !hop.last_ok_at;
  if (!right.hidden) {
    const time = right.querySelector("time");
    time.dateTime = hop.last_ok_at;
    time.textContent = new Date(hop.last_ok_at).toLocaleString(language, { dateStyle: "medium", timeStyle: "short" });
  }
  list.append(row);
}

function say(text, tone = "") {
  verdict.textContent = text;
  verdict.className = `note ${tone}`;
}

// A check that did not come to its end is neither right nor wrong.
function toneOfAll() {
  const isWhole = list.lastElementChild?.dataset.hop === "service" && !list.querySelector(":scope > :not(.tone-on)");
  return isWhole ? "tone-on" : "";
}

function hear(line) {
  const said = JSON.parse(line);
  if (said.hop) show(said.hop);
  else say(said.verdict ?? said.detail, said.broken === null ? toneOfAll() : "tone-trouble");
}

async function check() {
  const answer = await fetch(button.dataset.check, { headers: { Accept: "application/x-ndjson" }, credentials: "include" });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const lines = (text + part.value).split("\n");
    text = lines.pop();
    lines.forEach(hear);
  }
  if (text) hear(text);
}

async function run() {
  if (button.getAttribute("aria-disabled")) return;
  button.setAttribute("aria-disabled", "true");
  say(button.dataset.going);
  list.replaceChildren();
  checkedAt.hidden = true;
  try {
    await check();
  } catch {
    say(button.dataset.failed, "tone-trouble");
  }
  if (verdict.textContent === button.dataset.going) say(button.dataset.failed, "tone-trouble"); // it broke off
  button.removeAttribute("aria-disabled");
}

button.addEventListener("click", (event) => {
  event.preventDefault();
  run();
});
// The button on the machine's page leads here to check at once.
if (location.hash === "#check-now") {
  history.replaceState(null, "", location.pathname + location.search);
  run();
}
