// Sentences for people, in their language: the page brings them (#words).
const words = document.getElementById("words").content;

// `facts` fill what stands in braces.
export function say(name, facts = {}) {
  const text = words.querySelector(`[data-word="${name}"]`).textContent.trim().replace(/\s+/g, " ");
  return text.replace(/\{(\w+)\}/g, (all, key) => facts[key] ?? all);
}

// For screen readers.
export function tell(text) {
  document.getElementById("said").textContent = text;
}
