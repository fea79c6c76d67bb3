// Buttons, menus and pickers that act at once; each asks first if it has a confirm object.

import { h } from "/page/dom.js";
import { withPictures } from "/page/markup.js";
import { confirmed } from "/page/dialogs.js";
import { optionNodes, optionsOf } from "/page/options.js";
import { people } from "/page/state.js";

export function elementNode(block, element, acts) {
  const make = MAKERS[element.type] || unknown;
  return make(block, element, acts);
}

const MAKERS = {
  button,
  overflow,
  static_select: select,
  users_select: select,
  radio_buttons: boxes("radio"),
  checkboxes: boxes("checkbox"),
  multi_static_select: boxes("checkbox"),
  datepicker: picker("date", "initial_date"),
  timepicker: picker("time", "initial_time"),
  datetimepicker: picker("datetime-local", null),
};

function unknown(block, element) {
  return h("span", { class: "b-unknown" }, `(${element.type})`);
}

function button(block, element, acts) {
  const label = element.accessibility_label || null;
  const kind = `button ${element.style || ""}`;
  const press = async (event) => {
    const node = event.currentTarget;
    if (!(await confirmed(element.confirm))) return;
    if (element.url && /^https?:/.test(element.url)) window.open(element.url, "_blank", "noopener");
    await busy(node, () => acts.press(block, element));
  };
  return h("button", { type: "button", class: kind, "aria-label": label, onclick: press }, withPictures(element.text.text));
}

async function busy(node, work) {
  node.disabled = true;
  node.classList.add("busy");
  try {
    await work();
  } finally {
    node.disabled = false;
    node.classList.remove("busy");
  }
}

function select(block, element, acts) {
  const hint = element.placeholder ? element.placeholder.text : "Choose…";
  const rows = element.type === "users_select" ? people().map((row) => h("option", { value: row.id }, row.real_name)) : optionNodes(element);
  const first = (element.initial_option || {}).value ?? element.initial_user ?? "";
  const node = h("select", { class: "select", "aria-label": hint }, h("option", { value: "" }, hint), rows);
  node.value = first;
  let before = node.value;
  node.addEventListener("change", async () => {
    if (!node.value || !(await confirmed(element.confirm))) {
      node.value = before;
      return;
    }
    before = node.value;
    await acts.choose(block, element, node.value);
  });
  return node;
}

function boxes(kind) {
  return (block, element, acts) => {
    const name = `${block.block_id}-${element.action_id}`;
    const rows = optionsOf(element).map((option) => {
      const box = h("input", { type: kind, name, value: option.value });
      return h("label", { class: "box" }, box, withPictures(option.text.text));
    });
    const set = h("fieldset", { class: "boxes" }, rows);
    set.addEventListener("change", () => {
      const chosen = [...set.querySelectorAll("input:checked")].map((box) => box.value);
      acts.choose(block, element, kind === "radio" ? chosen[0] : chosen);
    });
    return set;
  };
}

function picker(kind, initial) {
  return (block, element, acts) => {
    const hint = element.placeholder ? element.placeholder.text : kind;
    const node = h("input", { type: kind, class: "select", "aria-label": hint, value: (initial && element[initial]) || "" });
    const value = () => (kind === "datetime-local" ? Math.trunc(new Date(node.value).getTime() / 1000) : node.value);
    node.addEventListener("change", () => node.value && acts.choose(block, element, value()));
    return node;
  };
}

function overflow(block, element, acts) {
  const rows = optionsOf(element).map((option) => ({
    label: option.text.text,
    run: async () => {
      if (!(await confirmed(element.confirm))) return;
      if (option.url && /^https?:/.test(option.url)) window.open(option.url, "_blank", "noopener");
      await acts.choose(block, element, option.value);
    },
  }));
  return menuButton("More choices", rows, "button icon");
}

// A button that opens a list of {label, run}; arrow keys move, Escape closes.
export function menuButton(label, rows, kind) {
  const list = h("div", { class: "menu", role: "menu", hidden: true });
  const opener = h("button", { type: "button", class: kind, "aria-label": label, "aria-haspopup": "menu", "aria-expanded": "false" }, "⋯");
  const open = (yes) => {
    list.hidden = !yes;
    opener.setAttribute("aria-expanded", String(yes));
    if (!yes) return;
    const room = opener.closest(".scroll, .thread-messages, .dialog-body")?.getBoundingClientRect().bottom ?? innerHeight;
    list.classList.remove("up");
    list.classList.toggle("up", list.getBoundingClientRect().bottom > room);
    list.firstElementChild?.focus();
  };
  for (const row of rows) {
    const choose = () => {
      open(false);
      opener.focus();
      row.run();
    };
    list.append(h("button", { type: "button", class: "menu-item", role: "menuitem", onclick: choose }, withPictures(row.label)));
  }
  opener.addEventListener("click", () => open(list.hidden));
  const box = h("span", { class: "menu-box" }, opener, list);
  box.addEventListener("keydown", (event) => {
    const items = [...list.children];
    const at = items.indexOf(document.activeElement);
    if (event.key === "Escape" && !list.hidden) {
      open(false);
      opener.focus();
      event.stopPropagation();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      items[(at + (event.key === "ArrowDown" ? 1 : -1) + items.length) % items.length]?.focus();
      event.preventDefault();
    }
  });
  box.addEventListener("focusout", (event) => box.contains(event.relatedTarget) || open(false));
  return box;
}
