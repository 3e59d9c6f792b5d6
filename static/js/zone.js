// Selects the browser's time zone for somebody who has chosen none yet. Nothing is kept until they save it.
for (const select of document.querySelectorAll("[data-suggest-zone]")) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (select.value || ![...select.options].some((option) => option.value === zone)) continue;
  select.value = zone;
  document.querySelector(select.dataset.suggestZone).hidden = false;
}
