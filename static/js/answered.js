// Once the question below a terminal is answered, its place is empty: whoever has a keyboard types on in the terminal.
document.addEventListener("htmx:afterSettle", ({ detail: { elt } }) => {
  const { activeElement: focused } = document;
  if (elt.id !== "asked" || !(focused === document.body || focused.id === "notes")) return;
  if (matchMedia("(hover: hover)").matches) document.querySelector(".shell-place:not([hidden]) .xterm-helper-textarea")?.focus({ preventScroll: true });
});
