// Messages: one by one, with their author, marks, thread summary and what can be done with them.

import { drawing, h, signOf } from "/page/dom.js";
import { bareTimeOf, dayOf, fullTimeOf, timeOf } from "/page/dates.js";
import { nameOf, withPictures } from "/page/markup.js";
import { bodyOf } from "/page/blocks.js";
import { menuButton } from "/page/elements.js";
import { personOf, repliesTo, state } from "/page/state.js";

const EYE = "M1 8c2-3.5 4.5-5 7-5s5 1.5 7 5c-2 3.5-4.5 5-7 5s-5-1.5-7-5zM8 5.8a2.2 2.2 0 1 0 0 4.4 2.2 2.2 0 0 0 0-4.4z";
const BUBBLE = "M2 3h12v8H7l-3 3v-3H2z";
const SOON = 300; // seconds within which a second message of the same author needs no head

// Rows for `reconcile`: day dividers and messages.
export function messageRows(channel, messages, doing, inThread) {
  const rows = [];
  let day = "";
  let before = null;
  for (const message of messages) {
    const today = dayOf(message.ts);
    if (today !== day && !inThread) {
      rows.push({ key: `day-${today}`, sign: today, make: () => h("div", { class: "day" }, h("span", {}, today)) });
      before = null;
    }
    day = today;
    rows.push(row(channel, message, before, doing, inThread));
    before = message;
    if (inThread && message === messages[0] && messages.length > 1) {
      const count = repliesWords(messages.length - 1);
      rows.push({ key: "count", sign: count, make: () => h("div", { class: "day" }, h("span", {}, count)) });
      before = null;
    }
  }
  return rows;
}

function row(channel, message, before, doing, inThread) {
  const replies = inThread ? [] : repliesTo(channel, message.ts);
  const follows = before && before.user === message.user && !before.is_ephemeral && !message.is_ephemeral && message.ts - before.ts < SOON;
  const look = { me: state.me.id, follows, inThread, fresh: state.fresh.has(message.ts), replies: replies.map((one) => [one.ts, one.user]) };
  return { key: message.ts, sign: signOf([message, look]), make: () => messageNode(channel, message, look, replies, doing) };
}

function messageNode(channel, message, look, replies, doing) {
  const person = personOf(message.user);
  const kind = ["message", message.is_ephemeral && "ephemeral", look.follows && "follows", message.subtype === "tombstone" && "gone"];
  const time = h("time", { class: "when", title: fullTimeOf(message.ts) }, (look.follows ? bareTimeOf : timeOf)(message.ts));
  const tag = message.user === state.about.app.bot_user_id ? h("span", { class: "app-tag" }, "App") : null;
  const role = person && person.role && !look.follows ? h("span", { class: "role" }, person.role) : null;
  const head = look.follows ? null : h("div", { class: "head" }, h("span", { class: "author" }, nameOf(message.user)), tag, role, time);
  const broadcast = message.subtype === "thread_broadcast" && !look.inThread ? h("div", { class: "note" }, "replied to a thread") : null;
  return h(
    "article",
    { class: kind.filter(Boolean).join(" "), id: look.inThread ? null : `m-${message.ts}`, "aria-label": `${nameOf(message.user)}, ${timeOf(message.ts)}` },
    h("div", { class: "gutter" }, look.follows ? time : avatar(message.user)),
    h(
      "div",
      { class: "content" },
      message.is_ephemeral ? whisperNote(channel, message, doing) : null,
      head,
      broadcast,
      h("div", { class: "body" }, bodyOf(message, doing.acts(channel, message)), message.edited ? h("span", { class: "edited" }, "(edited)") : null),
      reactions(message),
      replies.length ? summary(channel, message, replies, look, doing) : null,
    ),
    tools(channel, message, look, doing),
  );
}

export function avatar(id) {
  const name = nameOf(id);
  const app = id === state.about.app.bot_user_id;
  const initials = name.split(/\s+/).map((word) => word[0]).slice(0, 2).join("").toUpperCase();
  const tint = [...id].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % 8;
  return h("span", { class: `avatar ${app ? "app" : `tint-${tint}`}`, "aria-hidden": "true" }, app ? "≋" : initials);
}

function whisperNote(channel, message, doing) {
  const dismiss = () => doing.dismiss(channel, message);
  return h("div", { class: "whisper" }, drawing(EYE), "Only visible to you", h("button", { type: "button", class: "plain link", onclick: dismiss }, "Dismiss"));
}

function reactions(message) {
  if (!(message.reactions || []).length) return null;
  return h("div", { class: "reactions" }, message.reactions.map((one) => h("span", { title: one.users.map(nameOf).join(", ") }, withPictures(`:${one.name}:`), ` ${one.count}`)));
}

function summary(channel, message, replies, look, doing) {
  const who = [...new Set(replies.map((one) => one.user))].slice(0, 3).map(avatar);
  const count = repliesWords(replies.length);
  const open = () => doing.openThread(message.ts);
  return h(
    "button",
    { type: "button", class: "plain replies", onclick: open },
    who,
    h("span", { class: "count" }, count),
    look.fresh ? h("span", { class: "new" }, "new") : null,
    h("span", { class: "last" }, `last at ${timeOf(replies.at(-1).ts)}`),
  );
}

const repliesWords = (count) => `${count} ${count === 1 ? "reply" : "replies"}`;

function tools(channel, message, look, doing) {
  if (message.is_ephemeral || message.subtype === "tombstone") return null;
  const rows = state.about.app.shortcuts.map((one) => ({ label: one.name, run: () => doing.shortcut(channel, message, one) }));
  if (message.user === state.me.id) {
    rows.push({ label: "Edit message", run: () => doing.edit(channel, message) });
    rows.push({ label: "Delete message", run: () => doing.remove(channel, message) });
  }
  const reply = () => doing.openThread(message.ts);
  return h(
    "div",
    { class: "tools" },
    look.inThread ? null : h("button", { type: "button", class: "tool", "aria-label": "Reply in thread", title: "Reply in thread", onclick: reply }, drawing(BUBBLE)),
    rows.length ? menuButton("More actions", rows, "tool") : null,
  );
}
