// Slack's mrkdwn as nodes: styles, quotes, code, and the tokens <@U>, <#C>, <!subteam^S>, <!date^...>, <url|label>.

import { h, fragment } from "/page/dom.js";
import { shownDate } from "/page/dates.js";

const INLINE =
  /`([^`\n]+)`|<([^<>\n]+)>|(?<![\w*])\*(?=\S)([^\n*]*?\S)\*(?![\w*])|(?<![\w_])_(?=\S)([^\n]*?\S)_(?![\w_])|(?<![\w~])~(?=\S)([^\n~]*?\S)~(?![\w~])|:([a-z0-9_+-]+):/g;

let names = {};
let emoji = {};
let me = "";

export function know(about, person) {
  names = about.names;
  emoji = about.emoji;
  me = person;
}

export const nameOf = (id) => names[id] || id;

export function unescape(text) {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

export function withPictures(text) {
  return text.replace(/:([a-z0-9_+-]+):/g, (whole, name) => emoji[name] || whole);
}

export function mrkdwn(text) {
  const parts = text.split(/```/);
  return fragment(
    parts.map((part, n) => (n % 2 ? h("pre", {}, unescape(part.replace(/^\n|\n$/g, ""))) : paragraphs(part))),
  );
}

function paragraphs(text) {
  const made = [];
  let quote = null;
  const lines = text.split("\n");
  lines.forEach((line, n) => {
    const quoted = /^(&gt;|>)\s?(.*)$/.exec(line);
    if (quoted) {
      if (!quote) made.push((quote = h("blockquote")));
      else quote.append(h("br"));
      quote.append(inline(quoted[2]));
      return;
    }
    if (n > 0 && !quote) made.push(h("br"));
    quote = null;
    made.push(inline(line));
  });
  return made;
}

function inline(text) {
  const made = [];
  let at = 0;
  for (const found of text.matchAll(INLINE)) {
    made.push(unescape(text.slice(at, found.index)));
    made.push(styled(found));
    at = found.index + found[0].length;
  }
  made.push(unescape(text.slice(at)));
  return fragment(made);
}

function styled([whole, code, token, bold, italic, strike, name]) {
  if (code !== undefined) return h("code", {}, unescape(code));
  if (token !== undefined) return tokenNode(token);
  if (bold !== undefined) return h("strong", {}, inline(bold));
  if (italic !== undefined) return h("em", {}, inline(italic));
  if (strike !== undefined) return h("s", {}, inline(strike));
  return emoji[name] ? h("span", { role: "img", "aria-label": name.replaceAll("_", " ") }, emoji[name]) : whole;
}

function tokenNode(token) {
  const bar = token.indexOf("|");
  const head = bar < 0 ? token : token.slice(0, bar);
  const label = bar < 0 ? "" : unescape(token.slice(bar + 1));
  if (head.startsWith("@")) return mention("@", head.slice(1), label);
  if (head.startsWith("#")) return mention("#", head.slice(1), label);
  if (head.startsWith("!subteam^")) return mention("@", head.slice(9), label);
  if (head.startsWith("!date^")) return dateNode(unescape(head.slice(6)), label);
  if (head.startsWith("!")) return h("span", { class: "mention" }, `@${head.slice(1)}`);
  return link(unescape(head), label);
}

export function mention(mark, id, label) {
  const name = (names[id] || label || id).replace(/^@/, "");
  return h("span", { class: id === me ? "mention to-me" : "mention" }, mark + name);
}

export function dateNode(value, fallback) {
  const [epoch, pattern, url] = value.split("^");
  const text = shownDate(Number(epoch), pattern || "", fallback);
  const time = h("time", { datetime: isoOf(Number(epoch)), title: fallback || null }, text);
  return url ? link(url, text) : time;
}

function isoOf(epoch) {
  const moment = new Date(epoch * 1000);
  return Number.isNaN(moment.getTime()) ? null : moment.toISOString();
}

export function link(url, label) {
  if (!/^(https?:|mailto:)/i.test(url)) return document.createTextNode(label || url);
  return h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, label || url.replace(/^mailto:/, ""));
}

// A text object of Block Kit.
export function words(text) {
  if (!text) return "";
  return text.type === "mrkdwn" ? mrkdwn(text.text) : withPictures(text.text);
}
