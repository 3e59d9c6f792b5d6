// A row of tabs by keyboard: arrows, Home and End lead along it, Enter opens what has the focus (as every button), Delete closes it.
export function leadsAlong(row, close) {
  row.addEventListener("keydown", (event) => {
    const tabs = [...row.querySelectorAll("[role=tab]")];
    const at = tabs.indexOf(event.target);
    if (at < 0 || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "Delete") return close(tabs[at]);
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: -1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    tabs.at(to % tabs.length).focus();
  });
}
