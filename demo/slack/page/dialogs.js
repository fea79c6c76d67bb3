// Confirm dialogs: real <dialog> elements, so that focus stays inside and Escape says no.

import { h } from "/page/dom.js";
import { words } from "/page/markup.js";

// Resolves to true when there is nothing to confirm or the person said yes.
export function confirmed(confirm) {
  if (!confirm) return Promise.resolve(true);
  return new Promise((resolve) => {
    const yes = `button ${confirm.style === "danger" ? "danger" : "primary"}`;
    const dialog = h(
      "dialog",
      { class: "dialog small", "aria-labelledby": "confirm-title" },
      h("form", { method: "dialog" },
        h("h2", { id: "confirm-title" }, words(confirm.title)),
        h("div", { class: "dialog-body" }, words(confirm.text)),
        h("div", { class: "dialog-feet" },
          h("button", { class: "button", value: "no" }, words(confirm.deny)),
          h("button", { class: yes, value: "yes" }, words(confirm.confirm)))),
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

// Asks before something of the page's own.
export function sure(title, text, yes) {
  const plain = (words_) => ({ type: "plain_text", text: words_ });
  return confirmed({ title: plain(title), text: plain(text), confirm: plain(yes), deny: plain("Cancel"), style: "danger" });
}
