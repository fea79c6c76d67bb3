// The box that takes messages and slash commands, with hints for both and names offered after "@".

import { h } from "/page/dom.js";
import { people, state } from "/page/state.js";

// `send(text)` returns a promise; `inThread` refuses slash commands as Slack's client does.
export function composer({ id, hint, inThread, send }) {
  const note = h("p", { class: "composer-note", id: `${id}-note`, "aria-live": "polite" });
  const offers = h("div", { class: "offers", role: "listbox", "aria-label": "People", hidden: true });
  const box = h("textarea", { id: `${id}-text`, rows: 1, "aria-label": hint, placeholder: hint, "aria-describedby": `${id}-note`, autocomplete: "off" });
  const button = h("button", { type: "submit", class: "send", "aria-label": "Send", disabled: true }, "➤");
  const form = h("form", { class: "composer" }, offers, h("div", { class: "composer-row" }, box, button), note);

  const grow = () => {
    box.style.height = "auto";
    box.style.height = `${Math.min(box.scrollHeight, 180)}px`;
  };
  const look = () => {
    const text = box.value;
    const command = text.startsWith("/");
    button.disabled = !text.trim() || (command && inThread);
    note.replaceChildren(...noteFor(text, inThread));
    form.classList.toggle("refused", command && inThread);
    offer(box, offers, look);
    grow();
  };
  const go = async () => {
    const text = box.value.trim();
    if (button.disabled) return;
    box.value = "";
    look();
    try {
      await send(text);
    } catch (error) {
      if (!box.value) box.value = text;
      look();
      throw error;
    }
  };
  box.addEventListener("input", look);
  box.addEventListener("keydown", (event) => {
    if (!offers.hidden && chooseByKey(event, offers)) return;
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      go();
    }
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    go();
  });
  look();
  return form;
}

function noteFor(text, inThread) {
  const { command, name } = state.about.app;
  if (text.startsWith("/") && inThread) {
    return [`Slash commands are not supported in threads. Mention @${name.toLowerCase()} instead, or just answer.`];
  }
  if (text.startsWith("/")) {
    const fits = command.name.startsWith(text.split(/\s/)[0]) || text.startsWith(command.name);
    if (!fits) return [`${text.split(/\s/)[0]} is not a valid command here. There is ${command.name}.`];
    return [h("strong", {}, command.name), ` ${command.hint} `, h("span", { class: "soft" }, command.description)];
  }
  return [h("span", { class: "soft keys" }, "Enter sends, Shift+Enter breaks the line")];
}

function offer(box, offers, after) {
  const found = /(?:^|\s)@([\w.-]*)$/.exec(box.value.slice(0, box.selectionStart));
  const bot = state.about.people.filter((row) => row.id === state.about.app.bot_user_id);
  const rows = found ? [...bot, ...people()].filter((row) => row.name.startsWith(found[1].toLowerCase())) : [];
  const whole = rows.length === 1 && found && rows[0].name === found[1];
  offers.hidden = !rows.length || whole;
  offers.replaceChildren(
    ...rows.slice(0, 6).map((row, n) => {
      const choose = () => {
        const end = box.selectionStart;
        const start = end - found[1].length;
        box.setRangeText(`${row.name} `, start, end, "end");
        box.focus();
        after();
      };
      const role = row.role || (row.is_bot ? "app" : "");
      return h("button", { type: "button", role: "option", "aria-selected": String(n === 0), onclick: choose }, `@${row.name} `, h("span", { class: "soft" }, `${row.real_name} ${role}`));
    }),
  );
}

function chooseByKey(event, offers) {
  const rows = [...offers.children];
  const at = rows.findIndex((row) => row.getAttribute("aria-selected") === "true");
  if (event.key === "Escape") offers.hidden = true;
  else if (event.key === "Enter" || event.key === "Tab") rows[at]?.click();
  else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    const to = (at + (event.key === "ArrowDown" ? 1 : -1) + rows.length) % rows.length;
    rows.forEach((row, n) => row.setAttribute("aria-selected", String(n === to)));
  } else return false;
  event.preventDefault();
  return true;
}
