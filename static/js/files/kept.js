// Whether the pane was open when the person left: on wide screens only, since on a phone it covers what they came for.
const KEY = "files-open";

export const narrow = matchMedia("(max-width: 59.99rem)");
export const isKeptOpen = () => localStorage.getItem(KEY) === "yes";
export const keepOpen = (isOpen) => { if (!narrow.matches) localStorage.setItem(KEY, isOpen ? "yes" : ""); };
