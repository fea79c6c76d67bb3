// What a person does on this page, sent to the stand-in.

import { toast } from "/page/dom.js";
import { sure } from "/page/dialogs.js";
import { post } from "/page/wire.js";
import { state } from "/page/state.js";
import { unescape } from "/page/markup.js";

const act = (name, body) => post(`people/${state.me.id}/${name}`, body);

export async function told(work) {
  try {
    return await work();
  } catch (error) {
    toast(error.message);
    return null;
  }
}

const TROUBLE = { http_timeout: "The app did not answer within 3 seconds.", withheld: "The app could not be reached." };

async function interact(name, body) {
  const ack = await told(() => act(name, body));
  if (ack && ack.outcome && ack.outcome !== "ok") toast(TROUBLE[ack.outcome] || "The app could not be reached or refused the click.");
}

export async function sendText(channel, text, thread) {
  const found = /^(\/\S+)\s*([\s\S]*)$/.exec(text);
  const body = found ? { channel, command: found[1], text: found[2], thread_ts: thread } : { channel, text, thread_ts: thread };
  try {
    await act(found ? "command" : "say", body);
  } catch (error) {
    toast(error.message);
    throw error;
  }
}

// A person acts on what they see: with `seen`, also when the app has edited the message since.
export const acts = (where, seen) => ({
  press: (block, element) => interact("click", { ...where, what: element.action_id, block: block.block_id, as_seen: seen }),
  choose: (block, element, option) => interact("choose", { ...where, what: element.action_id, option, block: block.block_id, as_seen: seen }),
  field: () => document.createTextNode(""),
});

export const messageActs = (channel, message) => acts({ channel, ts: message.ts }, message);
export const viewActs = (view) => acts({ view: view.id });
export const dismiss = (channel, message) => told(() => act("dismiss", { channel, ts: message.ts }));
export const shortcut = (channel, message, one) => interact("shortcut", { channel, ts: message.ts, callback_id: one.callback_id });
export const submit = (view, values) => act("submit", { view: view.id, values });
export const close = (view) => told(() => act("close", { view: view.id }));
export const openHome = () => told(() => act("home", {}));
export const openDirect = () => told(() => act("direct", {}));

export async function remove(channel, message) {
  if (await sure("Delete message", "Delete this message for everyone?", "Delete")) {
    await told(() => act("delete", { channel, ts: message.ts }));
  }
}

// Edits in place: the body of the message becomes a text box until it is saved or left.
export function edit(channel, message) {
  const body = document.querySelector(`[data-key="${CSS.escape(message.ts)}"] .body`);
  if (!body) return;
  const before = [...body.childNodes];
  const box = document.createElement("textarea");
  box.className = "typed";
  box.setAttribute("aria-label", "Edit message; Enter saves, Escape leaves");
  box.value = unescape(message.text.replace(/<(@|#|!subteam\^)([A-Z0-9]+)(\|[^>]*)?>/g, (_, mark, id) => typedName(mark, id)).replace(/<((?:https?|mailto):[^|>]+)(\|[^>]*)?>/g, "$1"));
  const leave = () => body.replaceChildren(...before);
  box.addEventListener("keydown", async (event) => {
    if (event.key === "Escape") leave();
    if (event.key !== "Enter" || event.shiftKey) return;
    event.preventDefault();
    leave();
    await told(() => act("edit", { channel, ts: message.ts, text: box.value }));
  });
  body.replaceChildren(box);
  box.focus();
}

function typedName(mark, id) {
  const person = state.about.people.find((row) => row.id === id);
  return (mark === "#" ? "#" : "@") + (person ? person.name : state.about.names[id] || id);
}
