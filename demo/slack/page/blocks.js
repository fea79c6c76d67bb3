// Block Kit as nodes. `acts` is where presses and choices go: {press(block, element), choose(block, element, value), field(block, element)}.

import { h, fragment } from "/page/dom.js";
import { markdown } from "/page/markdown.js";
import { dateNode, link, mention, mrkdwn, unescape, withPictures, words } from "/page/markup.js";
import { elementNode } from "/page/elements.js";

export function blocksOf(content, acts) {
  const made = (content.blocks || []).map((block) => blockNode(block, acts));
  for (const attachment of content.attachments || []) made.push(attachmentNode(attachment, acts));
  for (const file of content.files || []) made.push(fileNode(file));
  return made;
}

// The whole content of a message; its text when it has no blocks.
export function bodyOf(message, acts) {
  const text = (message.blocks || []).length ? null : h("div", { class: "text" }, mrkdwn(message.text || ""));
  return fragment(text && text.textContent ? text : null, blocksOf(message, acts));
}

const MAKERS = {
  header: (block) => h("h3", { class: "b-header" }, words(block.text)),
  divider: () => h("hr", { class: "b-divider" }),
  section,
  context: (block) => h("div", { class: "b-context" }, block.elements.map(contextElement)),
  actions: (block, acts) => h("div", { class: "b-actions" }, block.elements.map((row) => elementNode(block, row, acts))),
  markdown: (block) => h("div", { class: "b-markdown" }, markdown(block.text)),
  image: imageBlock,
  input: (block, acts) => acts.field(block, block.element),
  rich_text: (block) => h("div", { class: "b-rich" }, block.elements.map(richPart)),
  table: tableBlock,
  alert: (block) => h("div", { class: `b-alert ${block.level || "default"}`, role: "note" }, words(block.text)),
};

function blockNode(block, acts) {
  const make = MAKERS[block.type];
  return make ? make(block, acts) : h("div", { class: "b-unknown" }, `(${block.type})`);
}

function section(block, acts) {
  const left = h(
    "div",
    { class: "b-section-words" },
    block.text ? h("div", { class: "text" }, words(block.text)) : null,
    block.fields ? h("div", { class: "b-fields" }, block.fields.map((row) => h("div", {}, words(row)))) : null,
  );
  const accessory = block.accessory;
  if (!accessory) return h("div", { class: "b-section" }, left);
  const right = accessory.type === "image" ? picture(accessory, "b-accessory-image") : elementNode(block, accessory, acts);
  return h("div", { class: "b-section" }, left, h("div", { class: "b-accessory" }, right));
}

function contextElement(element) {
  return element.type === "image" ? picture(element, "b-context-image") : h("span", {}, words(element));
}

function imageBlock(block) {
  const title = block.title ? h("figcaption", {}, words(block.title)) : null;
  return h("figure", { class: "b-image" }, title, picture(block, ""));
}

function picture(row, kind) {
  const file = row.slack_file && (row.slack_file.id || row.slack_file.url.split("/").pop());
  const source = file ? `/_/files/${encodeURIComponent(file)}` : row.image_url;
  const image = h("img", { src: source, alt: row.alt_text, class: kind, loading: "lazy" });
  image.addEventListener("error", () => image.replaceWith(h("span", { class: "no-image" }, `🖼 ${row.alt_text}`)));
  return image;
}

function fileNode(file) {
  const source = `/_/files/${encodeURIComponent(file.id)}`;
  const isPicture = /^image\//.test(file.mimetype || "");
  const shown = isPicture ? h("img", { src: source, alt: file.alt_txt || file.title }) : h("span", { class: "file-mark" }, "📄");
  const caption = h("figcaption", {}, h("a", { href: source, target: "_blank", rel: "noopener" }, file.title));
  return h("figure", { class: isPicture ? "b-image" : "b-file" }, isPicture ? [caption, shown] : [shown, caption]);
}

function attachmentNode(attachment, acts) {
  const old = ["pretext", "title", "text"].filter((key) => attachment[key]).map((key) => h("div", {}, mrkdwn(attachment[key])));
  const inside = (attachment.blocks || []).map((block) => blockNode(block, acts));
  const node = h("div", { class: "attachment" }, inside.length ? inside : old);
  if (/^#?[0-9a-f]{6}$/i.test(attachment.color || "")) node.style.borderLeftColor = `#${attachment.color.replace("#", "")}`;
  return node;
}

function tableBlock(block) {
  const settings = block.column_settings || [];
  const cell = (row, n, tag) =>
    h(tag, { class: `align-${(settings[n] || {}).align || "left"}`, scope: tag === "th" ? "col" : null }, cellWords(row));
  const rows = block.rows.map((row, at) => h("tr", {}, row.map((one, n) => cell(one, n, at ? "td" : "th"))));
  return h("div", { class: "table-box" }, h("table", {}, h("thead", {}, rows[0]), h("tbody", {}, rows.slice(1))));
}

const cellWords = (cell) => (cell.type === "rich_text" ? cell.elements.map(richPart) : String(cell.text ?? ""));

function richPart(part) {
  const inside = () => (part.elements || []).map(richLeaf);
  if (part.type === "rich_text_list") {
    return h(part.style === "ordered" ? "ol" : "ul", {}, part.elements.map((row) => h("li", {}, row.elements.map(richLeaf))));
  }
  if (part.type === "rich_text_quote") return h("blockquote", {}, inside());
  if (part.type === "rich_text_preformatted") return h("pre", {}, inside());
  return h("div", {}, inside());
}

function richLeaf(leaf) {
  let node = richWords(leaf);
  const style = leaf.style || {};
  for (const [name, tag] of [["code", "code"], ["bold", "strong"], ["italic", "em"], ["strike", "s"]]) {
    if (style[name]) node = h(tag, {}, node);
  }
  return node;
}

function richWords(leaf) {
  if (leaf.type === "user") return mention("@", leaf.user_id, "");
  if (leaf.type === "usergroup") return mention("@", leaf.usergroup_id, "");
  if (leaf.type === "channel") return mention("#", leaf.channel_id, "");
  if (leaf.type === "broadcast") return h("span", { class: "mention" }, `@${leaf.range}`);
  if (leaf.type === "link") return link(leaf.url, leaf.text || "");
  if (leaf.type === "emoji") return withPictures(`:${leaf.name}:`);
  if (leaf.type === "date") return dateNode(`${leaf.timestamp}^${leaf.format}`, leaf.fallback || "");
  const lines = unescape(String(leaf.text || "")).split("\n");
  return fragment(lines.map((line, n) => [n ? h("br") : null, withPictures(line)]));
}
