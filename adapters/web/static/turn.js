// One turn of the conversation: the question, and the answer in whatever state it is.

import { el, icon } from "./dom.js";
import { markdown } from "./markdown.js";
import { t } from "./wording.js";

const LABELLED = ["annotated", "extractive", "no_data", "clarify", "over_quota", "busy", "failed"];
const ICONS = {
  annotated: "M4 10.500l4 4 8-9",
  extractive: "M4 6h12M4 10h12M4 14h7",
  no_data: "M9 4a5 5 0 1 1 0 10A5 5 0 0 1 9 4zM13 13l4 4",
  clarify: "M7 7.500a3 3 0 1 1 4.500 2.600c-1 .6-1.500 1-1.500 2.200M10 15.500v.2",
  over_quota: "M10 3a7 7 0 1 1 0 14 7 7 0 0 1 0-14M10 6.500V10l2.500 2",
  busy: "M10 3a7 7 0 1 1 0 14 7 7 0 0 1 0-14M10 6.500V10l2.500 2",
  failed: "M10 3l7.500 13.500h-15zM10 8v4M10 14.200v.2",
};

// `actions`: open(turn, n, opener), retry(turn), choose(text).
export function drawTurn(turn, actions) {
  const node = el("li", { class: "turn" },
    el("div", { class: "asked" }, el("span", { class: "hidden" }, t("you")), el("p", {}, turn.question)),
    drawReply(turn, actions));
  turn.node = node;
  return node;
}

export function redrawReply(turn, actions) {
  turn.node.querySelector(".reply").replaceWith(drawReply(turn, actions));
}

function drawReply(turn, actions) {
  const body = { thinking, done, stopped, trouble }[turn.state](turn, actions);
  const kind = turn.state === "done" ? turn.answer.outcome : turn.state;
  return el("article", { class: `reply ${kind}`, "aria-busy": String(turn.state === "thinking") },
    el("span", { class: "hidden" }, t("bot")), ...body);
}

function thinking(turn) {
  if (turn.text) return [prose(turn.text, provisional)];
  const dots = el("span", { class: "dots", "aria-hidden": "true" }, el("i"), el("i"), el("i"));
  return [el("p", { class: "waiting" }, dots, el("span", { class: "elapsed" }, waitingText(turn)))];
}

// Seconds appear only once the wait is long enough to wonder about.
export function waitingText(turn) {
  const seconds = Math.floor((performance.now() - turn.since) / 1000);
  return seconds > 3 ? t("thinking_s", { seconds }) : t("thinking");
}

function prose(text, cite) {
  return el("div", { class: "prose" }, markdown(text, cite));
}

// While the text streams, its citations are not known yet.
function provisional(n) {
  return el("sup", { class: "mark" }, String(n));
}

function done(turn, actions) {
  const { answer } = turn;
  const mark = (n) => answer.citations[n - 1] ? el("sup", {}, source(turn, n, actions, "mark")) : null;
  return [
    label(answer.outcome),
    prose(answer.text, mark),
    choices(answer, actions),
    answer.notice ? el("p", { class: "notice" }, answer.notice) : null,
    sources(turn, actions),
    footer(turn, actions),
  ];
}

function label(outcome) {
  if (!LABELLED.includes(outcome)) return null;
  return el("p", { class: "label" }, icon(ICONS[outcome]), t(outcome));
}

function source(turn, n, actions, kind) {
  const { title, locator } = turn.answer.citations[n - 1];
  const words = kind === "chip"
    ? [el("b", {}, String(n)), el("span", {}, locator ? `${title} · ${locator}` : title)]
    : [String(n)];
  return el("button", {
    type: "button", class: kind, title, "aria-haspopup": "dialog",
    "aria-label": t("source_n", { n, title }),
    onclick: (event) => actions.open(turn, n, event.currentTarget),
  }, ...words);
}

function sources(turn, actions) {
  const { citations } = turn.answer;
  if (!citations.length) return null;
  const chips = citations.map((_, i) => el("li", {}, source(turn, i + 1, actions, "chip")));
  return el("ul", { class: "sources", "aria-label": t("sources") }, ...chips);
}

function choices(answer, actions) {
  if (!answer.choices?.length) return null;
  const buttons = answer.choices.map((choice) =>
    el("li", {}, el("button", { type: "button", class: "chip-ask", onclick: () => actions.choose(choice) }, choice)));
  return el("ul", { class: "chips" }, ...buttons);
}

function footer(turn, actions) {
  const { answer } = turn;
  const seconds = answer.timings_ms.total / 1000;
  return el("p", { class: "footer" },
    ["failed", "busy"].includes(answer.outcome) ? retryButton(turn, actions) : copyButton(answer),
    seconds < 0.1 ? null : el("span", {}, t("seconds", { seconds: seconds.toFixed(1) })));
}

function copyButton(answer) {
  return el("button", { type: "button", class: "quiet small", onclick: async (event) => {
    const button = event.currentTarget;
    await navigator.clipboard.writeText(asText(answer));
    button.textContent = t("copied");
    setTimeout(() => (button.textContent = t("copy")), 1500);
  } }, t("copy"));
}

export function asText({ text, citations }) {
  const list = citations.map((c, i) => `[${i + 1}] ${[c.title, c.locator, c.source].filter(Boolean).join(" · ")}`);
  return [text, list.join("\n")].filter(Boolean).join("\n\n");
}

function retryButton(turn, actions) {
  return el("button", { type: "button", class: "quiet small", onclick: () => actions.retry(turn) }, t("retry"));
}

function stopped(turn, actions) {
  return [
    turn.text ? prose(turn.text, provisional) : null,
    el("p", { class: "notice" }, t("stopped")),
    el("p", { class: "footer" }, retryButton(turn, actions)),
  ];
}

function trouble(turn, actions) {
  return [
    label("failed"),
    turn.text ? prose(turn.text, provisional) : null,
    el("p", { class: "prose" }, troubleText(turn.trouble)),
    el("p", { class: "footer" }, retryButton(turn, actions)),
  ];
}

export function troubleText({ kind, status, sentence }) {
  const keys = { offline: "offline", cut: "cut", long: "too_long", key: "key_wrong" };
  if (keys[kind]) return t(keys[kind]);
  return sentence || t("server_error", { status });
}
