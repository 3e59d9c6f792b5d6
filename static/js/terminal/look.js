// How a shell looks: colours of the page, size of the text, help for screen readers. What a person chose is kept in this browser.
const SIZE = { key: "minga-terminal-size", least: 8, most: 32, usual: 14 };
const READER = "minga-terminal-reader";
export const FONT = 'ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace';
const stored = (key) => { try { return localStorage.getItem(key); } catch { return null; } };
const store = (key, value) => { try { localStorage.setItem(key, value); } catch { /* a browser that keeps nothing */ } };

const bounded = (size) => Math.min(SIZE.most, Math.max(SIZE.least, Math.round(size)));
let size = bounded(Number(stored(SIZE.key)) || SIZE.usual);
let helpsReaders = stored(READER) === "yes";

// Both grounds are dark: the shell is dark in either theme.
export function theme(place = document.querySelector(".shell")) {
  const style = getComputedStyle(place);
  return {
    background: style.backgroundColor, foreground: style.color, cursor: "#f5b83d", cursorAccent: "#0d0f12", selectionBackground: "#5a6b8c",
    black: "#3b4252", red: "#ff8272", green: "#6fd6b5", yellow: "#f5c56b", blue: "#8fb0ff", magenta: "#e3a1d9", cyan: "#7fd1e8", white: "#d6dce4",
    brightBlack: "#8a96a5", brightRed: "#ffa79b", brightGreen: "#9be8cf", brightYellow: "#ffdc97", brightBlue: "#b6caff", brightMagenta: "#f2c4ea",
    brightCyan: "#abe4f4", brightWhite: "#ffffff",
  };
}

// `recolor` is called when the reader, or their device, chooses the other theme.
export function onOtherTheme(recolor) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolor);
  new MutationObserver(recolor).observe(document.documentElement, { attributeFilter: ["data-theme"] });
}

export const options = () => ({
  allowProposedApi: true, // for the widths of Unicode 11, and marks of a search
  cursorBlink: false,
  fontFamily: FONT,
  fontSize: size,
  minimumContrastRatio: 4.5,
  screenReaderMode: helpsReaders,
  scrollback: 5000,
  theme: theme(),
});

// `by`: points more or less; 0 for the usual size.
export function resizeText(shells, by) {
  size = by ? bounded(size + by) : SIZE.usual;
  store(SIZE.key, size);
  for (const shell of shells) shell.set({ fontSize: size });
  return size;
}

export const textSize = () => size;
export const readersAreHelped = () => helpsReaders;

export function helpReaders(shells, on) {
  helpsReaders = on;
  store(READER, on ? "yes" : "no");
  for (const shell of shells) shell.set({ screenReaderMode: on });
}
