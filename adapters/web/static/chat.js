// The chat page: what is on it, and what happens when something is pressed.

import { ask, greeting } from "./api.js";
import { el, memory } from "./dom.js";
import { askForKey } from "./key.js";
import { closeSource, openSource, redrawSource } from "./sources.js";
import { drawTurn, redrawReply, troubleText, waitingText } from "./turn.js";
import { otherLanguage, t, useLanguage } from "./wording.js";

const TURNS_SENT = 6;
const NEAR_END = 120; // pixels from the end within which the page follows the text
const LOOK_AGAIN = 1500; // milliseconds, while the server is still getting ready
const $ = (id) => document.getElementById(id);
const field = $("question");
const turns = [];
let running = null; // AbortController of the answer on its way

const actions = {
  open: (turn, n, opener) => openSource(turn.answer, n, opener),
  choose: (text) => void submit(text),
  retry: (turn) => {
    if (running) return;
    focusField();
    void answerTurn(turn);
  },
};

// On a touch screen focus would raise the keyboard over the answer.
function focusField() {
  if (matchMedia("(pointer: fine)").matches) field.focus();
}

async function submit(question) {
  if (running || !question.trim()) return;
  field.value = "";
  fit();
  $("welcome").hidden = true;
  $("new").hidden = false;
  const turn = { question: question.trim(), text: "", answer: null, trouble: null };
  turns.push(turn);
  start(turn);
  $("log").append(drawTurn(turn, actions));
  focusField();
  toEnd();
  await answerTurn(turn);
}

function start(turn) {
  Object.assign(turn, { state: "thinking", text: "", answer: null, trouble: null, since: performance.now() });
}

async function answerTurn(turn) {
  const control = (running = new AbortController());
  start(turn);
  draw(turn);
  showRunning(true);
  const ticking = setInterval(() => tick(turn), 500);
  try {
    turn.answer = await askWithKey(turn, control.signal);
    turn.state = "done";
  } catch (error) {
    if (error.name !== "AbortError") turn.trouble = error.kind ? error : { kind: "cut" };
    turn.state = turn.trouble ? "trouble" : "stopped";
  } finally {
    clearInterval(ticking);
    if (running === control) running = null;
    showRunning(running !== null);
  }
  if (turns.includes(turn)) finish(turn);
}

function finish(turn) {
  draw(turn);
  const words = { done: turn.answer?.text, stopped: t("stopped") }[turn.state] ?? troubleText(turn.trouble);
  $("announcer").textContent = words.replace(/\[\d+\]/g, "");
}

async function askWithKey(turn, signal) {
  const onText = (text) => {
    turn.text = text;
    soon(turn);
  };
  for (;;) {
    try {
      return await ask(history(turn), { signal, onText });
    } catch (error) {
      if (error.kind !== "key") throw error;
      await askForKey(memory.get("key") !== null);
      void greet();
    }
  }
}

function history(turn) {
  const earlier = turns.slice(0, turns.indexOf(turn)).filter((one) => one.state === "done" && one.answer.outcome !== "failed");
  const said = earlier.slice(-TURNS_SENT).flatMap(({ question, answer }) => [
    { role: "user", content: question },
    { role: "assistant", content: answer.text },
  ]);
  return [...said, { role: "user", content: turn.question }];
}

// Characters are drawn with the next frame, however many chunks it holds.
function soon(turn) {
  turn.frame ??= requestAnimationFrame(() => {
    turn.frame = null;
    if (turn.state === "thinking") draw(turn);
  });
}

function draw(turn) {
  const follow = $("talk").scrollHeight - $("talk").scrollTop - $("talk").clientHeight < NEAR_END;
  redrawReply(turn, actions);
  if (follow) toEnd();
}

function tick(turn) {
  const elapsed = turn.node.querySelector(".elapsed");
  if (elapsed) elapsed.textContent = waitingText(turn);
}

function toEnd() {
  $("talk").scrollTop = $("talk").scrollHeight;
}

function showRunning(on) {
  const hadFocus = document.activeElement === $("stop");
  $("send").hidden = on;
  $("stop").hidden = !on;
  if (hadFocus && !on) focusField();
}

function newChat() {
  running?.abort();
  turns.length = 0;
  closeSource();
  $("log").replaceChildren();
  $("announcer").textContent = "";
  $("welcome").hidden = false;
  $("new").hidden = true;
  field.focus();
}

// What the server greets with: first questions, and a remark on its state.
async function greet() {
  try {
    const { ready, suggestions, notice } = await greeting();
    $("suggestions").replaceChildren(...suggestions.map((text) =>
      el("li", {}, el("button", { type: "button", class: "chip-ask", onclick: () => submit(text) }, text))));
    $("suggested").hidden = !suggestions.length;
    banner(ready ? notice : (notice ?? t("starting")));
    if (!ready) setTimeout(greet, LOOK_AGAIN);
  } catch (error) {
    if (error.kind !== "key") return banner(troubleText(error));
    await askForKey(memory.get("key") !== null);
    await greet();
  }
}

function banner(text) {
  $("banner").textContent = text ?? "";
  $("banner").hidden = !text;
}

function switchLanguage() {
  const name = otherLanguage();
  memory.set("language", name);
  useLanguage(name);
  $("log").replaceChildren(...turns.map((turn) => drawTurn(turn, actions)));
  redrawSource();
}

function fit() {
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight}px`;
}

field.addEventListener("input", fit);
field.addEventListener("keydown", (event) => {
  // While an input method composes (注音, 拼音), Enter picks a word; 229 is how some browsers say so.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
  event.preventDefault();
  void submit(field.value);
});
$("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  void submit(field.value);
});
$("stop").addEventListener("click", () => running?.abort());
$("new").addEventListener("click", newChat);
$("language").addEventListener("click", switchLanguage);
$("shade").addEventListener("click", closeSource);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.isComposing) closeSource();
});

useLanguage(memory.get("language") ?? document.documentElement.lang);
void greet();
focusField();
