// Passkeys: <form data-passkey="create|get" data-options="…JSON of WebAuthn…"> with a hidden field `credential` and a
// button [data-passkey-button], which is shown where the browser can do it. data-url instead of data-options: fetched at the press.
const bytes = (text) => {
  const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
};
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

function readable({ publicKey }) {
  const list = (found) => (found || []).map((each) => ({ ...each, id: bytes(each.id) }));
  const read = { ...publicKey, challenge: bytes(publicKey.challenge) };
  if (publicKey.user) read.user = { ...publicKey.user, id: bytes(publicKey.user.id) };
  if (publicKey.excludeCredentials) read.excludeCredentials = list(publicKey.excludeCredentials);
  if (publicKey.allowCredentials) read.allowCredentials = list(publicKey.allowCredentials);
  return { publicKey: read };
}

function written(found) {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (found.response[name]) response[name] = text(found.response[name]);
  }
  return JSON.stringify({
    id: found.id, rawId: text(found.rawId), type: found.type, response,
    clientExtensionResults: found.getClientExtensionResults(),
  });
}

async function ask(form) {
  const { passkey, options, url } = form.dataset;
  const sent = url ? await (await fetch(url, { headers: { Accept: "application/json" } })).json() : JSON.parse(options);
  const found = await navigator.credentials[passkey](readable(sent));
  form.elements.credential.value = written(found);
  const remember = document.querySelector("input[type=checkbox][name=remember]");
  if (remember && form.elements.remember) form.elements.remember.value = remember.checked ? "on" : "";
  form.submit();
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const [button, none, failed] = ["button", "none", "failed"].map((part) => form.querySelector(`[data-passkey-${part}]`));
  // An address of numbers is no name for which a browser makes a passkey.
  const isName = !/^[\d.]+$|:/.test(location.hostname);
  if (!window.PublicKeyCredential || !window.isSecureContext || !isName) continue;
  button.hidden = false;
  if (none) none.hidden = true;
  button.addEventListener("click", async () => {
    failed.hidden = true;
    button.setAttribute("aria-busy", "true");
    try {
      await ask(form);
    } catch {
      failed.hidden = false;
    } finally {
      button.removeAttribute("aria-busy");
    }
  });
  form.addEventListener("submit", (event) => {
    if (form.elements.credential.value) return;
    event.preventDefault(); // Enter in the field of the name
    button.click();
  });
}
