// What this page knows: the workspace, who I am, and every conversation I am in.

import { get } from "/page/wire.js";

export const state = {
  about: null,
  me: null,
  place: null, // a channel id, or "home"
  thread: null, // ts of the root of the open thread
  channels: new Map(), // id -> Map(ts -> message), ephemerals among them
  unread: new Map(), // channel id -> count
  fresh: new Set(), // thread roots with replies not seen
  modal: null,
  home: null,
  last: 0,
};

export const people = () => state.about.people.filter((row) => !row.is_bot && !row.deleted);
export const personOf = (id) => state.about.people.find((row) => row.id === id);
export const channelOf = (id) => state.about.channels.find((row) => row.id === id);
export const myChannels = () => state.about.channels.filter((row) => row.members.includes(state.me.id));

export async function loadAbout() {
  state.about = await get("workspace");
  state.last = state.about.last;
}

export async function loadConversations() {
  state.channels.clear();
  const all = await Promise.all(myChannels().map((row) => get(`channels/${row.id}?as=${state.me.id}`)));
  for (const seen of all) {
    const rows = [...seen.messages, ...Object.values(seen.threads).flat(), ...seen.ephemerals];
    state.channels.set(seen.channel.id, new Map(rows.map((row) => [row.ts, row])));
    state.modal = seen.modal;
    state.home = seen.home;
  }
}

const messagesIn = (channel) => [...(state.channels.get(channel) || new Map()).values()];
const byTime = (a, b) => (a.ts < b.ts ? -1 : 1);

export function rootsIn(channel) {
  const shown = (row) => !row.thread_ts || row.thread_ts === row.ts || row.subtype === "thread_broadcast";
  return messagesIn(channel).filter(shown).sort(byTime);
}

export function repliesTo(channel, ts) {
  return messagesIn(channel).filter((row) => row.thread_ts === ts && row.ts !== ts).sort(byTime);
}

// Takes in one happening; returns what must be drawn again.
export function take({ n, kind, body }) {
  state.last = n;
  if (kind === "modal") state.modal = body.view;
  else if (kind === "modal_closed") state.modal = null;
  else if (kind === "home") state.home = body.view;
  else if (kind === "membership") return "workspace";
  else if (kind.startsWith("message") || kind.startsWith("ephemeral")) return takeMessage(kind, body);
  return kind.startsWith("modal") ? "modal" : "place";
}

function takeMessage(kind, { channel, message }) {
  const known = state.channels.get(channel);
  if (!known) return kind === "message" || kind === "ephemeral" ? "workspace" : "nothing";
  if (kind.endsWith("deleted")) known.delete(message.ts);
  else known.set(message.ts, message);
  if (kind === "message" || kind === "ephemeral") noteNews(channel, message);
  return "place";
}

function noteNews(channel, message) {
  if (message.user === state.me.id) return;
  const isReply = message.thread_ts && message.thread_ts !== message.ts;
  if (isReply && !(state.place === channel && state.thread === message.thread_ts)) state.fresh.add(message.thread_ts);
  if (state.place !== channel || document.hidden) state.unread.set(channel, (state.unread.get(channel) || 0) + 1);
}
