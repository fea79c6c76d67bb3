// Building the page: every piece of text goes in as a text node, never as HTML.

import { drawable } from "/page/pictures.js";

export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "value") node.value = value;
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  add(node, children);
  return node;
}

export function add(node, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child instanceof Node ? child : document.createTextNode(drawable(String(child))));
  }
  return node;
}

// A small line drawing from the path of an SVG of 16 by 16.
export function drawing(path) {
  const space = "http://www.w3.org/2000/svg";
  const box = document.createElementNS(space, "svg");
  const line = document.createElementNS(space, "path");
  for (const [name, value] of Object.entries({ viewBox: "0 0 16 16", class: "drawing", "aria-hidden": "true" })) box.setAttribute(name, value);
  line.setAttribute("d", path);
  box.append(line);
  return box;
}

export function fragment(...children) {
  return add(document.createDocumentFragment(), children);
}

// Replaces the children of a node by rows of {key, sign, make}; a row whose key and sign are the same keeps its node,
// so that focus, open menus and the reader's place survive.
export function reconcile(parent, rows) {
  const before = new Map([...parent.children].map((node) => [node.dataset.key, node]));
  let at = parent.firstElementChild;
  for (const row of rows) {
    let node = before.get(row.key);
    if (node && node.dataset.sign === row.sign) {
      before.delete(row.key);
    } else {
      const fresh = row.make();
      fresh.dataset.key = row.key;
      fresh.dataset.sign = row.sign;
      node = fresh;
    }
    if (node === at) at = at.nextElementSibling;
    else parent.insertBefore(node, at);
  }
  for (const node of before.values()) node.remove();
}

// A short stable mark of any content.
export function signOf(value) {
  const text = JSON.stringify(value);
  let hash = 5381;
  for (let i = 0; i < text.length; i += 1) hash = ((hash * 33) ^ text.charCodeAt(i)) >>> 0;
  return `${text.length}.${hash}`;
}

export function toast(text) {
  const node = h("div", { class: "toast" }, text);
  document.getElementById("toasts").append(node);
  setTimeout(() => node.remove(), 7000);
}
