// The words of the files pane: its sentences, which lie in the page in the reader's language, and sizes, times and names.
// Names come from a machine and are hostile: they become text only, apart from the text around them.
const UNITS = ["B", "KB", "MB", "GB", "TB"];
// Signs that show nothing, or turn the order of the signs around them: they are written out.
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g;
const HOLE = /\{(\w+)\}/;
const [ISOLATE, END] = ["\u2068", "\u2069"];
const lang = document.documentElement.lang;
const lines = document.getElementById("files-words").content.querySelectorAll("[data-word]");
const sentences = new Map([...lines].map((line) => [line.dataset.word, line.textContent.trim()]));

export const shown = (name) => name.replace(UNSEEN, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`);

// As text for attributes and for what is read out: names are set apart by signs of the text's direction.
export function word(key, values = {}) {
  return sentences.get(key).replace(new RegExp(HOLE, "g"), (hole, name) => (
    name === "name" ? ISOLATE + shown(values.name) + END : values[name] ?? hole));
}

// As nodes for the page: names stand in <bdi>.
export function say(key, values = {}) {
  const parts = document.createDocumentFragment();
  sentences.get(key).split(HOLE).forEach((text, place) => {
    if (place % 2 === 0) parts.append(text);
    else parts.append(text === "name" ? isolated(values.name) : String(values[text]));
  });
  return parts;
}

export function isolated(name) {
  const element = document.createElement("bdi");
  element.textContent = shown(name);
  return element;
}

export const counted = (key, count) => word(count === 1 ? `${key}-one` : key, { count: count.toLocaleString(lang) });

export const asPercent = (part) => part.toLocaleString(lang, { style: "percent" });

export function size(bytes, unit = unitOf(bytes)) {
  return `${amount(bytes, unit)}\u00a0${UNITS[unit]}`;
}

export function sizeOf(part, whole) {
  const unit = unitOf(whole);
  return word("of", { part: amount(part, unit), whole: size(whole, unit) });
}

function unitOf(bytes) {
  let unit = 0;
  while (unit < UNITS.length - 1 && bytes >= 1024 ** (unit + 1)) unit += 1;
  return unit;
}

function amount(bytes, unit) {
  const value = bytes / 1024 ** unit;
  const digits = unit > 1 && value < 10 ? 1 : 0;
  return value.toLocaleString(lang, { maximumFractionDigits: digits });
}

export function span(seconds) {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))}\u00a0s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)}\u00a0min`;
  return `${(seconds / 3600).toLocaleString(lang, { maximumFractionDigits: 1 })}\u00a0h`;
}

// The day of a file, or the hour where it is of today; both as its title. Written as on all pages: 27 Nov 2026, 18:40.
export function when(at, zone) {
  const locale = lang === "en" ? "en-GB" : lang;
  const place = zone ? { timeZone: zone } : {};
  const day = new Intl.DateTimeFormat(locale, { ...place, day: "numeric", month: "short", year: "numeric" });
  const hour = new Intl.DateTimeFormat(locale, { ...place, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const element = document.createElement("time");
  element.dateTime = at.toISOString();
  element.title = `${day.format(at)}, ${hour.format(at)}`;
  element.textContent = day.format(at) === day.format(new Date()) ? hour.format(at) : day.format(at);
  return element;
}

// Read out, politely, where the person is.
export function announce(text) {
  document.getElementById("files-said").textContent = text;
}
