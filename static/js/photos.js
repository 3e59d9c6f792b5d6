// Photos are made smaller before they are sent, so that a slow line carries them; without a script they are sent as they are.
// What cannot be read here is left for the server, which says why. A form with data-sends-itself is sent as soon as photos are chosen.
(() => {
const SMALL = 600_000; // bytes: three of them stay below what anybody may send
const TRIES = [[2000, 0.85], [1600, 0.8], [1600, 0.65]]; // pixels of the longest side (the server keeps 1600), quality
const working = new WeakMap(); // by form: what it waits for

const saidOf = (input) => input.closest(".photos-field").querySelector("[data-said]");

async function smaller(file) {
  if (file.size <= SMALL) return file;
  try {
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    let blob = file;
    for (const [longest, quality] of TRIES) {
      if (blob.size > SMALL) blob = await drawn(picture, longest, quality);
    }
    picture.close();
    return blob.size < file.size ? new File([blob], file.name, { type: "image/jpeg" }) : file;
  } catch {
    return file;
  }
}

function drawn(picture, longest, quality) {
  const scale = Math.min(1, longest / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(picture.width * scale);
  canvas.height = Math.round(picture.height * scale);
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff"; // JPEG has no transparency
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return new Promise((done, failed) => canvas.toBlob((blob) => (blob ? done(blob) : failed()), "image/jpeg", quality));
}

async function prepare(input) {
  const most = Number(input.dataset.most);
  const chosen = [...input.files];
  const left = chosen.slice(most);
  const data = new DataTransfer();
  for (const file of chosen.slice(0, most)) data.items.add(await smaller(file));
  if (input.files[0] !== chosen[0]) return; // others were chosen meanwhile
  input.files = data.files;
  const names = (files) => files.map((file) => file.name).join(", ");
  const lines = [chosen.length && `${input.dataset.ready} ${names([...input.files])}`, left.length && `${input.dataset.leftOut} ${names(left)}`];
  saidOf(input).textContent = lines.filter(Boolean).join(". ");
}

document.addEventListener("change", async (event) => {
  const input = event.target;
  if (!input.matches(".filein")) return;
  const { form } = input;
  if (input.files.length) saidOf(input).textContent = input.dataset.working;
  const work = prepare(input).catch(() => { saidOf(input).textContent = ""; }); // sent as they are
  working.set(form, work);
  await work;
  if (working.get(form) !== work) return;
  working.delete(form);
  if (form.matches("[data-sends-itself]") && input.files.length) form.requestSubmit();
});

document.addEventListener("submit", async (event) => {
  const form = event.target;
  const work = working.get(form);
  if (!work) return;
  event.preventDefault();
  await work;
  form.requestSubmit(event.submitter);
}, true);

for (const button of document.querySelectorAll("[data-opens]")) { // a second way to the same field, at the thumb
  button.hidden = false;
  button.addEventListener("click", () => document.getElementById(button.dataset.opens).click());
}
for (const button of document.querySelectorAll("[data-sends-itself] button")) button.hidden = true;
})();
