// Modals of the app as real dialogs: inputs with labels and errors, submit and cancel.

import { h } from "/page/dom.js";
import { words } from "/page/markup.js";
import { blocksOf } from "/page/blocks.js";
import { optionNodes, optionsOf } from "/page/options.js";
import { people } from "/page/state.js";

let shown = null; // {id, hash, dialog}

// Shows this view, or nothing. `doing` has submit(view, values), close(view) and acts(view).
export function showModal(view, doing) {
  if (shown && view && shown.hash === view.hash) return;
  if (shown) {
    shown.closing = true;
    shown.dialog.close();
    shown.dialog.remove();
    shown = null;
  }
  if (view) shown = opened(view, doing);
}

function opened(view, doing) {
  const fields = new Map();
  const acts = { ...doing.acts(view), field: (block, element) => fieldNode(block, element, fields) };
  const problem = h("p", { class: "problem", role: "alert" });
  const cancel = h("button", { type: "button", class: "button" }, view.close ? words(view.close) : "Cancel");
  const submit = view.submit ? h("button", { type: "submit", class: "button primary" }, words(view.submit)) : null;
  const form = h(
    "form",
    { novalidate: true },
    h("h2", { id: "modal-title" }, words(view.title)),
    h("div", { class: "dialog-body" }, blocksOf(view, acts), problem),
    h("div", { class: "dialog-feet" }, cancel, submit),
  );
  const dialog = h("dialog", { class: "dialog", "aria-labelledby": "modal-title" }, form);
  const mine = { id: view.id, hash: view.hash, dialog, closing: false };
  const close = () => doing.close(view);
  cancel.addEventListener("click", close);
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    close();
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!submit || !filled(fields)) return;
    submit.disabled = true;
    try {
      const answer = await doing.submit(view, valuesOf(fields));
      problem.textContent = answer.errors[""] || "";
      for (const [block, text] of Object.entries(answer.errors)) fields.get(block)?.complain(text);
    } catch (error) {
      problem.textContent = error.message;
    } finally {
      submit.disabled = false;
    }
  });
  document.body.append(dialog);
  dialog.showModal();
  (dialog.querySelector(".dialog-body input, .dialog-body textarea, .dialog-body select") || submit || cancel).focus();
  return mine;
}

function valuesOf(fields) {
  return Object.fromEntries([...fields].map(([block, field]) => [block, field.value()]));
}

function filled(fields) {
  let first = null;
  for (const field of fields.values()) {
    const value = field.value();
    const empty = value === null || value === "" || (Array.isArray(value) && !value.length);
    field.complain(empty && !field.optional ? "Please fill this in" : "");
    if (empty && !field.optional) first ||= field;
  }
  first?.node.focus();
  return !first;
}

function fieldNode(block, element, fields) {
  const id = `f-${block.block_id}`;
  const error = h("span", { class: "problem", id: `${id}-error` });
  const control = controlOf(element, id);
  const complain = (text) => {
    error.textContent = text;
    control.node.setAttribute("aria-invalid", String(Boolean(text)));
  };
  fields.set(block.block_id, { ...control, optional: Boolean(block.optional), complain });
  control.node.setAttribute("aria-describedby", `${id}-error ${id}-hint`);
  const label = [words(block.label), block.optional ? h("span", { class: "soft" }, " (optional)") : null];
  const hint = block.hint ? h("span", { class: "soft", id: `${id}-hint` }, words(block.hint)) : null;
  if (control.many) return h("fieldset", { class: "field" }, h("legend", {}, label), control.node, hint, error);
  return h("div", { class: "field" }, h("label", { for: id }, label), control.node, hint, error);
}

function controlOf(element, id) {
  const hint = element.placeholder ? element.placeholder.text : "";
  if (element.type === "static_select" || element.type === "users_select") {
    const rows = element.type === "users_select" ? people().map((row) => h("option", { value: row.id }, row.real_name)) : optionNodes(element);
    const node = h("select", { id, class: "select" }, h("option", { value: "" }, hint || "Choose…"), rows);
    node.value = (element.initial_option || {}).value ?? element.initial_user ?? "";
    return { node, value: () => node.value || null };
  }
  if (["radio_buttons", "checkboxes", "multi_static_select"].includes(element.type)) return boxes(element, id);
  const kinds = { datepicker: "date", timepicker: "time", datetimepicker: "datetime-local", number_input: "number", email_text_input: "email", url_text_input: "url" };
  const first = element.initial_value || element.initial_date || element.initial_time || "";
  const common = { id, placeholder: hint, value: first, maxlength: element.max_length, class: "typed" };
  const node = element.multiline ? h("textarea", { ...common, rows: 4 }) : h("input", { ...common, type: kinds[element.type] || "text" });
  const asEpoch = element.type === "datetimepicker";
  return { node, value: () => (!node.value ? null : asEpoch ? Math.trunc(new Date(node.value).getTime() / 1000) : node.value) };
}

function boxes(element, id) {
  const one = element.type === "radio_buttons";
  const first = [element.initial_option, ...(element.initial_options || [])].filter(Boolean).map((option) => option.value);
  const rows = optionsOf(element).map((option) => {
    const box = h("input", { type: one ? "radio" : "checkbox", name: id, value: option.value, checked: first.includes(option.value) });
    return h("label", { class: "box" }, box, words(option.text), option.description ? h("span", { class: "soft" }, words(option.description)) : null);
  });
  const node = h("div", { class: "boxes", id, tabindex: "-1" }, rows);
  const chosen = () => [...node.querySelectorAll("input:checked")].map((box) => box.value);
  return { node, many: true, value: () => (one ? chosen()[0] || null : chosen()) };
}
