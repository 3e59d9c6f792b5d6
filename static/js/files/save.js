// Downloads: links that also work by themselves. A plain press asks first whether the machine gives it, and says why not.
import { announce, word } from "./file_words.js";

// `fail` gets a sentence.
export function makeDownload(link, { server, query, name, fail }) {
  link.href = server.downloadOf(query);
  link.download = "";
  link.addEventListener("click", async (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (link.getAttribute("aria-busy")) return;
    link.setAttribute("aria-busy", "true");
    fail("");
    try {
      await server.check(query);
      save(link.href);
      announce(word("download-said", { name }));
    } catch (error) {
      fail(error.message);
      announce(error.message);
    } finally {
      link.removeAttribute("aria-busy");
    }
  });
}

export function save(address) {
  const link = document.createElement("a");
  Object.assign(link, { href: address, download: "" });
  link.click();
}
