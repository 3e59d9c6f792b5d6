// For libraries that write style sheets into <style> elements, which our CSP refuses (xterm.js does): each such element's text becomes
// an adopted style sheet of the document instead, which is no inline style. Import it before the library.
const create = Document.prototype.createElement;

function adopt(element, text) {
  const sheet = element.adopted ?? new CSSStyleSheet();
  sheet.replaceSync(text);
  if (element.adopted) return;
  element.adopted = sheet;
  document.adoptedStyleSheets.push(sheet);
}

function leave(element) {
  document.adoptedStyleSheets = document.adoptedStyleSheets.filter((sheet) => sheet !== element.adopted);
  delete element.adopted;
}

Document.prototype.createElement = function createElement(name, ...more) {
  if (String(name).toLowerCase() !== "style") return create.call(this, name, ...more);
  const element = create.call(this, "template"); // holds the place of the style in the page, and is never shown
  let kept = "";
  Object.defineProperty(element, "textContent", {
    get: () => kept,
    set: (text) => { kept = text; adopt(element, text); },
  });
  element.remove = () => { leave(element); Element.prototype.remove.call(element); };
  return element;
};
