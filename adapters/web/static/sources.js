// The panel that shows a source: where it stands, its passage, and the quoted words marked.

import { el, icon, webLink } from "./dom.js";
import { markdown } from "./markdown.js";
import { t } from "./wording.js";

const SHOWN_AT_MOST = 400; // characters of a passage that the API gives
const panel = document.getElementById("panel");
const behind = [document.getElementById("talk"), document.getElementById("composer")];
let opened = null; // { answer, n, opener }

export function openSource(answer, n, opener) {
  opened = { answer, n, opener };
  draw();
  panel.hidden = false;
  document.body.classList.add("reading");
  // As a sheet from below it covers the rest, which must then not take focus.
  const covers = matchMedia("(max-width: 59.999rem)").matches;
  for (const part of behind) part.inert = covers;
  panel.querySelector(".close").focus();
}

export function closeSource() {
  if (!opened) return;
  const { opener } = opened;
  opened = null;
  panel.hidden = true;
  document.body.classList.remove("reading");
  for (const part of behind) part.inert = false;
  if (opener.isConnected) opener.focus();
  else document.getElementById("question").focus();
}

export function redrawSource() {
  if (opened) draw();
}

function draw() {
  const { answer, n } = opened;
  const citation = answer.citations[n - 1];
  const passage = passageOf(citation, answer.passages);
  const text = el("div", { class: "prose passage" }, markdown(passage?.text ?? citation.quote));
  panel.replaceChildren(
    bar(n, answer.citations.length),
    el("div", { class: "panel-body" },
      el("h2", { id: "panel-title" }, citation.title),
      facts(citation),
      text,
      passage?.text.length >= SHOWN_AT_MOST ? el("p", { class: "notice" }, t("excerpt")) : null));
  highlight(text, citation.quote)?.scrollIntoView({ block: "nearest" });
}

function bar(n, total) {
  const step = (key, to, path) => el("button", {
    type: "button", class: "quiet round", "aria-label": t(key), disabled: to < 1 || to > total,
    onclick: () => turnTo(to, key),
  }, icon(path));
  return el("div", { class: "panel-bar" },
    step("previous", n - 1, "M12 4l-6 6 6 6"),
    el("span", { "aria-live": "polite" }, t("position", { n, total })),
    step("next", n + 1, "M8 4l6 6-6 6"),
    el("button", { type: "button", class: "quiet round close", "aria-label": t("close"), onclick: closeSource },
      icon("M5 5l10 10M15 5L5 15")));
}

// The buttons are drawn anew, so focus has to be put back where it was.
function turnTo(n, key) {
  opened.n = n;
  draw();
  const again = panel.querySelector(`[aria-label="${CSS.escape(t(key))}"]:not(:disabled)`);
  (again ?? panel.querySelector(".close")).focus();
}

function facts({ locator, source }) {
  const row = (key, value) => [el("dt", {}, t(key)), el("dd", {}, value)];
  return el("dl", {}, ...(locator ? row("place", locator) : []), ...row("file", webLink(source, source) ?? source));
}

// A citation may lead to a heading of the page that the passage is from.
function passageOf({ quote, source, title }, passages) {
  const holding = passages.filter((passage) => letters(passage.text).includes(letters(quote)));
  return holding.find((passage) => (source === passage.source || source.startsWith(`${passage.source}#`)) && passage.title === title) ?? holding[0];
}

// Markdown signs and white space differ between a quote and what is drawn; letters do not.
function letters(text) {
  return text.replace(/[^\p{L}\p{N}]/gu, "");
}

// Wraps the quote's characters in <mark>, across whatever elements they are drawn in.
export function highlight(root, quote) {
  const spots = [];
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    for (const { 0: char, index } of node.data.matchAll(/[\p{L}\p{N}]/gu)) {
      for (let unit = 0; unit < char.length; unit++) spots.push({ node, at: index + unit, unit: char[unit] });
    }
  }
  const wanted = letters(quote);
  const from = wanted ? spots.map((spot) => spot.unit).join("").indexOf(wanted) : -1;
  if (from < 0) return null;
  const range = new Map();
  for (const { node, at } of spots.slice(from, from + wanted.length)) {
    range.set(node, { first: range.get(node)?.first ?? at, last: at });
  }
  const marks = [...range].map(([node, { first, last }]) => mark(node, first, endOf(node, last)));
  return marks[0];
}

// Punctuation right behind the last letter belongs to the quote as the eye reads it.
function endOf(node, last) {
  return last + 1 + /^[^\p{L}\p{N}\s]?/u.exec(node.data.slice(last + 1))[0].length;
}

function mark(node, from, to) {
  const range = document.createRange();
  range.setStart(node, from);
  range.setEnd(node, to);
  const made = document.createElement("mark");
  range.surroundContents(made);
  return made;
}
