// Asks for the API key, once; it is kept in this browser.

import { memory } from "./dom.js";

const dialog = document.getElementById("key");
const field = document.getElementById("key-value");
let waiting = null;

// Resolves when a key was given. `wrong`: the one we had was refused.
export function askForKey(wrong) {
  document.getElementById("key-wrong").hidden = !wrong;
  if (waiting) return waiting.promise;
  waiting = {};
  waiting.promise = new Promise((resolve) => (waiting.resolve = resolve));
  field.value = "";
  dialog.showModal();
  field.focus();
  return waiting.promise;
}

dialog.addEventListener("cancel", (event) => event.preventDefault());
document.getElementById("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  memory.set("key", field.value.trim());
  dialog.close();
  const { resolve } = waiting;
  waiting = null;
  resolve();
});
