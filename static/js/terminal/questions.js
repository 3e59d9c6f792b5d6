// Dialogs that ask before something is done. Each has a form of method "dialog", whose main button's value is "yes".
export function ask(id, fill) {
  const dialog = document.getElementById(id);
  if (dialog.open) return Promise.resolve(false);
  dialog.returnValue = "";
  fill(dialog);
  dialog.showModal();
  return new Promise((done) => {
    dialog.addEventListener("close", () => done(dialog.returnValue === "yes"), { once: true });
  });
}
