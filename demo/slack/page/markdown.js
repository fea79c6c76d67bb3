// The markdown block: the common part of Markdown as nodes.

import { h, fragment } from "/page/dom.js";
import { link, withPictures } from "/page/markup.js";

const INLINE =
  /`([^`\n]+)`|\[([^\]\n]*)\]\(([^)\s]+)\)|\*\*(?=\S)(.+?)\*\*|__(?=\S)(.+?)__|(?<![\w*])\*(?=\S)([^*\n]+?)\*(?!\w)|(?<!\w)_(?=\S)([^_\n]+?)_(?!\w)|~~(.+?)~~/g;

export function markdown(text) {
  const lines = text.split("\n");
  const made = [];
  for (let n = 0; n < lines.length; ) n = block(lines, n, made);
  return fragment(made);
}

// Reads one block from line n, adds its node, and returns the first line after it.
function block(lines, n, made) {
  const line = lines[n];
  if (!line.trim()) return n + 1;
  if (line.startsWith("```")) return fenced(lines, n, made);
  const heading = /^(#{1,6})\s+(.*)$/.exec(line);
  if (heading) {
    made.push(h(`h${Math.min(heading[1].length + 2, 6)}`, {}, inline(heading[2])));
    return n + 1;
  }
  if (/^(-{3,}|\*{3,})\s*$/.test(line)) {
    made.push(h("hr"));
    return n + 1;
  }
  if (/^\s*\|.*\|\s*$/.test(line) && /^[\s|:-]+$/.test(lines[n + 1] || "")) return table(lines, n, made);
  for (const [pattern, tag] of [[/^\s*[-*+]\s+/, "ul"], [/^\s*\d+[.)]\s+/, "ol"]]) {
    if (pattern.test(line)) return gathered(lines, n, made, pattern, tag);
  }
  if (/^>/.test(line)) return gathered(lines, n, made, /^>\s?/, "blockquote");
  return paragraph(lines, n, made);
}

function fenced(lines, n, made) {
  let end = n + 1;
  while (end < lines.length && !lines[end].startsWith("```")) end += 1;
  made.push(h("pre", {}, lines.slice(n + 1, end).join("\n")));
  return end + 1;
}

function gathered(lines, n, made, pattern, tag) {
  const rows = [];
  for (; n < lines.length && pattern.test(lines[n]); n += 1) rows.push(inline(lines[n].replace(pattern, "")));
  const quote = tag === "blockquote";
  made.push(h(tag, {}, rows.map((row, at) => (quote ? [at ? h("br") : null, row] : h("li", {}, row)))));
  return n;
}

function table(lines, n, made) {
  const cells = (line) => line.trim().replace(/^\||\|$/g, "").split("|").map((cell) => inline(cell.trim()));
  const head = h("tr", {}, cells(lines[n]).map((cell) => h("th", { scope: "col" }, cell)));
  const body = h("tbody");
  for (n += 2; n < lines.length && /\|/.test(lines[n]); n += 1) {
    body.append(h("tr", {}, cells(lines[n]).map((cell) => h("td", {}, cell))));
  }
  made.push(h("div", { class: "table-box" }, h("table", {}, h("thead", {}, head), body)));
  return n;
}

function paragraph(lines, n, made) {
  const rows = [];
  for (; n < lines.length && lines[n].trim() && !/^(```|#{1,6}\s|>)/.test(lines[n]); n += 1) rows.push(inline(lines[n]));
  made.push(h("p", {}, rows.map((row, at) => [at ? h("br") : null, row])));
  return n;
}

function inline(text) {
  const made = [];
  let at = 0;
  for (const found of text.matchAll(INLINE)) {
    const [whole, code, label, url, bold, bold2, italic, italic2, strike] = found;
    made.push(withPictures(text.slice(at, found.index)));
    if (code !== undefined) made.push(h("code", {}, code));
    else if (url !== undefined) made.push(link(url, label));
    else if (bold ?? bold2) made.push(h("strong", {}, inline(bold ?? bold2)));
    else if (italic ?? italic2) made.push(h("em", {}, inline(italic ?? italic2)));
    else if (strike) made.push(h("s", {}, inline(strike)));
    at = found.index + whole.length;
  }
  made.push(withPictures(text.slice(at)));
  return fragment(made);
}
