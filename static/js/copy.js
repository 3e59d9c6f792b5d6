// A copy button: <button data-copy="#id" hidden>, which is shown where the clipboard can be written; or a link to what it copies.
const said = () => document.getElementById("said");

function show(root) {
  if (!navigator.clipboard) return;
  for (const button of root.querySelectorAll("[data-copy][hidden]")) button.hidden = false;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button || !navigator.clipboard) return; // a link then leads to the line
  event.preventDefault();
  const text = document.querySelector(button.dataset.copy).textContent.trim();
  await navigator.clipboard.writeText(text);
  const word = button.querySelector("span");
  const before = word.textContent;
  if (before === button.dataset.done) return;
  word.textContent = button.dataset.done;
  button.classList.add("done");
  said().textContent = button.dataset.done;
  setTimeout(() => {
    word.textContent = before;
    button.classList.remove("done");
  }, 2000);
});

document.addEventListener("htmx:load", (event) => show(event.detail.elt));
show(document);
