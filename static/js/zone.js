// Tells the site this browser's time zone, in a cookie: times are given in it until a person has chosen one on the page Account.
// There it also selects it, for somebody who has chosen none.
(() => {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const cookie = `${document.currentScript.dataset.cookie}=${zone}`;
  if (!zone) return;
  if (!document.cookie.split("; ").includes(cookie)) {
    const secure = location.protocol === "https:" ? "; secure" : "";
    document.cookie = `${cookie}; path=/; max-age=31536000; samesite=lax${secure}`;
  }
  for (const select of document.querySelectorAll("[data-suggest-zone]")) {
    if (select.value || ![...select.options].some((option) => option.value === zone)) continue;
    select.value = zone;
    document.querySelector(select.dataset.suggestZone).hidden = false;
  }
})();
