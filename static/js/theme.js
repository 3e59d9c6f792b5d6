// The light/dark switch without a reload. Without this script its form posts to /theme/ and does the same.
document.addEventListener("submit", (event) => {
  const form = event.target.closest("[data-theme-switch]");
  if (!form) return;
  event.preventDefault();
  const root = document.documentElement;
  const dark = getComputedStyle(root).colorScheme === "dark";
  root.dataset.theme = dark ? "light" : "dark";
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `${form.dataset.themeSwitch}=${root.dataset.theme}; path=/; max-age=31536000; samesite=lax${secure}`;
});
