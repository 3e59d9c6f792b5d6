// Menus are folds: Escape, and a press elsewhere, close them. Without this script their button does.
(() => {
const MENUS = "details.menu[open], details.usermenu[open]";
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll(MENUS)) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll(MENUS)) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
// Focus that leaves a menu by Tab closes it: it would lie over what is in focus now.
document.addEventListener("focusin", (event) => {
  const menu = document.querySelector("details.usermenu[open]");
  if (menu && !menu.contains(event.target)) menu.open = false;
});
// A row of pages that is wider than a phone begins where the reader is.
const here = document.querySelector(".area [aria-current]");
function showHere() {
  here.parentElement.scrollLeft = here.offsetLeft - (here.parentElement.clientWidth - here.offsetWidth) / 2;
}
if (here) {
  showHere();
  window.addEventListener("resize", showHere); // a phone that is turned
}
})();
