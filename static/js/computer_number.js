// Checks the number of a computer while it is typed: <input data-computer-number="The last digit does not fit: check %(number)s">.
// Of a certificate likewise, with data-letters="WPC". The same as nodes/computer_numbers.py, which says the same sentence once the form is sent.
const GAP = "[\\s\\u00a0\\u202f\\u2010-\\u2015\\u2212-]{0,5}";
const SURELY = /^(?:mng.*|\d+\s*-\s*\d|\d{6,})$/i; // among words digits alone may be a part of a model
const DIGITS = 5;

function misfit(typed, letters, isDone, isAmongWords) {
  const number = new RegExp(`^(?:${letters}${GAP})?(\\d{1,9})${GAP}(\\d)$`, "i");
  const found = number.exec(typed.trim());
  if (!found || (isAmongWords && !SURELY.test(typed.trim()))) return "";
  const serial = found[1].replace(/^0+(?=\d)/, "");
  if (!isDone && found[1].length < DIGITS) return ""; // more is to come
  const sum = [...serial].reverse().reduce((all, digit, place) => all + digit * (place % 2 ? 1 : 3), 0);
  return (10 - (sum % 10)) % 10 === Number(found[2]) ? "" : `${letters}-${serial.padStart(DIGITS, "0")}-?`;
}

function says(input) {
  let line = document.getElementById(`${input.id}-misfit`);
  if (line) return line;
  line = document.createElement("p");
  line.id = `${input.id}-misfit`;
  line.className = "error";
  line.setAttribute("role", "status");
  input.after(line);
  input.setAttribute("aria-describedby", [input.getAttribute("aria-describedby"), line.id].filter(Boolean).join(" "));
  return line;
}

function check(input, isDone) {
  const number = misfit(input.value, input.dataset.letters || "MNG", isDone, input.dataset.among === "words");
  const text = number && input.dataset.computerNumber.replace("%(number)s", number);
  const line = says(input);
  if (line.textContent !== text) line.textContent = text;
  if (text) input.setAttribute("aria-invalid", "true");
  else input.removeAttribute("aria-invalid");
}

for (const input of document.querySelectorAll("[data-computer-number]")) {
  input.addEventListener("input", () => check(input, false));
  input.addEventListener("change", () => check(input, true));
}
