// A small, safe part of Markdown → DOM nodes: paragraphs with their line breaks, headings,
// lists, quotes, fenced code, tables; inside a line: bold, code, web links, [n].

import { el, webLink } from "./dom.js";

const FENCE = /^\s*(`{3,}|~{3,})/;
const HEADING = /^#{1,6}\s+(.*?)\s*#*$/;
const BULLET = /^\s*[-*+•]\s+(.*)$/;
const NUMBER = /^\s*(\d{1,4})[.)、]\s+(.*)$/;
const QUOTE = /^\s*>\s?(.*)$/;
const RULE = /^\s*([-*_])(\s*\1){2,}\s*$/;
const TABLE_RULE = /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/;

// `cite(n)` gives the node for a citation mark, or null to leave the mark as text.
export function markdown(text, cite = () => null) {
  const lines = text.replace(/\r\n?/g, "\n").split("\n");
  const out = document.createDocumentFragment();
  let at = 0;
  while (at < lines.length) at = block(lines, at, out, cite);
  return out;
}

function block(lines, at, out, cite) {
  const line = lines[at];
  if (!line.trim()) return at + 1;
  if (FENCE.test(line)) return fence(lines, at, out);
  if (RULE.test(line)) return out.append(el("hr")), at + 1;
  const heading = HEADING.exec(line);
  if (heading) return out.append(el("p", { class: "heading" }, ...inline(heading[1], cite))), at + 1;
  if (isTable(lines, at)) return table(lines, at, out, cite);
  if (QUOTE.test(line)) {
    const [inner, next] = run(lines, at, QUOTE, (found) => found[1]);
    return out.append(el("blockquote", {}, markdown(inner.join("\n"), cite))), next;
  }
  if (BULLET.test(line)) {
    const [items, next] = run(lines, at, BULLET, (found) => el("li", {}, ...inline(found[1], cite)));
    return out.append(el("ul", {}, ...items)), next;
  }
  if (NUMBER.test(line)) {
    const [items, next] = run(lines, at, NUMBER, (found) =>
      el("li", { value: found[1] }, ...inline(found[2], cite)));
    return out.append(el("ol", {}, ...items)), next;
  }
  return paragraph(lines, at, out, cite);
}

function run(lines, at, pattern, make) {
  const made = [];
  for (let found; at < lines.length && (found = pattern.exec(lines[at])); at++) made.push(make(found));
  return [made, at];
}

function fence(lines, at, out) {
  const mark = FENCE.exec(lines[at])[1];
  const code = [];
  for (at++; at < lines.length && !lines[at].trim().startsWith(mark); at++) code.push(lines[at]);
  out.append(el("pre", { tabindex: 0 }, el("code", {}, code.join("\n"))));
  return at + 1;
}

function starts(lines, at) {
  const line = lines[at];
  return !line.trim() || isTable(lines, at) ||
    [FENCE, HEADING, BULLET, NUMBER, QUOTE, RULE].some((pattern) => pattern.test(line));
}

function paragraph(lines, at, out, cite) {
  const p = el("p", {}, ...inline(lines[at], cite));
  for (at++; at < lines.length && !starts(lines, at); at++) p.append(el("br"), ...inline(lines[at], cite));
  out.append(p);
  return at;
}

function isTable(lines, at) {
  const next = lines[at + 1];
  return lines[at].includes("|") && next !== undefined && next.includes("-") && TABLE_RULE.test(next);
}

function cells(line) {
  return line.trim().replace(/^\||\|$/g, "").split(/(?<!\\)\|/).map((cell) => cell.trim().replace(/\\\|/g, "|"));
}

function table(lines, at, out, cite) {
  const row = (line, tag) =>
    el("tr", {}, ...cells(line).map((cell) => el(tag, {}, ...inline(cell, cite))));
  const body = [];
  const head = row(lines[at], "th");
  for (at += 2; at < lines.length && lines[at].includes("|"); at++) body.push(row(lines[at], "td"));
  const made = el("table", {}, el("thead", {}, head), el("tbody", {}, ...body));
  out.append(el("div", { class: "wide", tabindex: 0 }, made));
  return at;
}

// Each alternative is one kind of span; what matches none is text.
const SPAN = new RegExp(
  [
    "(?<code>`+)(?<inner>.+?)\\k<code>(?!`)",
    "\\*\\*(?<bold>\\S(?:.*?\\S)?)\\*\\*",
    "\\[(?<label>[^\\]\\[]+)\\]\\((?<target>[^()\\s]+)\\)",
    "\\[(?<cite>\\d{1,3})\\]",
    "(?<url>https?://[\\w\\-.~:/?#@!$&*+,;=%]*[\\w/=#])",
  ].join("|"),
  "gi",
);

export function inline(text, cite) {
  const out = [];
  let from = 0;
  for (const found of text.matchAll(SPAN)) {
    const before = text.slice(from, found.index);
    // A citation mark sits right behind the word it belongs to.
    out.push(found.groups.cite ? before.trimEnd() : before, span(found, cite));
    from = found.index + found[0].length;
  }
  out.push(text.slice(from));
  return out.filter((part) => part !== "");
}

function span(found, cite) {
  const { inner, bold, label, target, url } = found.groups;
  if (inner !== undefined) return el("code", {}, inner.trim());
  if (bold !== undefined) return el("strong", {}, ...inline(bold, cite));
  if (label !== undefined) return webLink(target, label) ?? found[0];
  if (url !== undefined) return webLink(url, url) ?? url;
  return cite(Number(found.groups.cite)) ?? found[0];
}
