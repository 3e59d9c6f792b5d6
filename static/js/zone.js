// Tells the site this browser's time zone, in a cookie: times are given in it until a person has chosen one on the page Account.
(() => {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const cookie = `${document.currentScript.dataset.cookie}=${zone}`;
  if (!zone || document.cookie.split("; ").includes(cookie)) return;
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `${cookie}; path=/; max-age=31536000; samesite=lax${secure}`;
})();
