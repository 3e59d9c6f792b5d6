// Open the <details> that the address names: a browser scrolls to it, and leaves it shut.
function open() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target?.tagName === "DETAILS") target.open = true;
}

addEventListener("hashchange", open);
open();
