// Starts the page and draws it again when something happened.

import { h, reconcile, toast } from "/page/dom.js";
import { know, nameOf } from "/page/markup.js";
import { blocksOf } from "/page/blocks.js";
import { composer } from "/page/composer.js";
import * as doing from "/page/doing.js";
import { messageRows } from "/page/messages.js";
import { showModal } from "/page/modal.js";
import { sidebarNodes } from "/page/sidebar.js";
import { channelOf, loadAbout, loadConversations, myChannels, people, repliesTo, rootsIn, state, take } from "/page/state.js";
import { follow } from "/page/wire.js";

const el = (id) => document.getElementById(id);
let leave = () => {};

const onMessages = { acts: doing.messageActs, openThread, dismiss: doing.dismiss, shortcut: doing.shortcut, edit: doing.edit, remove: doing.remove };
const onModal = { submit: doing.submit, close: doing.close, acts: doing.viewActs };
const onSidebar = { become, go, goDirect };

async function start() {
  await loadAbout();
  const wish = wishes();
  const wanted = people().find((row) => [row.id, row.name].includes(wish.as));
  await become((wanted || people()[0]).id, wish);
  document.addEventListener("visibilitychange", drawPlace);
  el("menu-toggle").addEventListener("click", () => openMenu(!el("frame").classList.contains("menu-open")));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
    if (el("frame").classList.contains("menu-open")) openMenu(false);
    else if (state.thread) openThread(null);
  });
}

// What the address asks for: `?as=ana&in=deploys&thread=...`, or a permalink `/archives/C.../p...`.
function wishes() {
  const query = new URLSearchParams(location.search);
  const [, channel, stamp] = /^\/archives\/([^/]+)\/p(\d{10})(\d{6})$/.exec(location.pathname) ? location.pathname.match(/^\/archives\/([^/]+)\/p(\d+)$/) : [];
  const ts = stamp ? `${stamp.slice(0, 10)}.${stamp.slice(10)}` : null;
  return { as: query.get("as") || sessionStorage.getItem("as"), in: channel || query.get("in"), thread: query.get("thread_ts") || query.get("thread"), ts };
}

async function become(id, wish = {}) {
  leave();
  await loadAbout();
  state.me = state.about.people.find((row) => row.id === id);
  sessionStorage.setItem("as", state.me.name);
  know(state.about, id);
  state.unread.clear();
  state.fresh.clear();
  const after = state.last;
  await loadConversations();
  leave = follow(id, after, happened, lost);
  const named = myChannels().find((row) => [row.id, row.name].includes(wish.in));
  const still = state.place && (state.place === "home" || channelOf(state.place)?.members.includes(id)) ? state.place : null;
  const place = named?.id || (channelOf(still || "")?.user ? null : still) || myChannels().find((row) => !row.user)?.id || "home";
  const thread = wish.thread || (place === still ? state.thread : null);
  go(place);
  if (thread) openThread(thread);
  if (wish.ts) el(`m-${wish.ts}`)?.scrollIntoView({ block: "center" });
  showModal(state.modal, onModal);
}

function go(place) {
  state.place = place;
  state.thread = null;
  state.unread.delete(place);
  if (place === "home") doing.openHome();
  openMenu(false);
  address();
  drawAll();
  el("scroll").scrollTop = el("scroll").scrollHeight;
}

async function goDirect() {
  const found = await doing.openDirect();
  if (!found) return;
  await loadAbout();
  know(state.about, state.me.id);
  await loadConversations();
  go(found.channel);
}

function openThread(ts) {
  const opener = state.thread;
  state.thread = ts;
  if (ts) state.fresh.delete(ts);
  address();
  drawPlace();
  if (ts) el("thread-composer-text")?.focus();
  else document.querySelector(`[data-key="${CSS.escape(opener || "")}"] .replies`)?.focus();
}

function openMenu(yes) {
  el("frame").classList.toggle("menu-open", yes);
  el("menu-toggle").setAttribute("aria-expanded", String(yes));
  if (yes) el("sidebar").querySelector("button")?.focus();
}

function address() {
  const query = new URLSearchParams({ as: state.me.name, in: channelOf(state.place)?.name || state.place });
  if (state.thread) query.set("thread", state.thread);
  history.replaceState(null, "", `/?${query}`);
}

async function happened(happening) {
  const what = take(happening);
  if (what === "modal") showModal(state.modal, onModal);
  else if (what === "workspace") await reload();
  else if (what === "place") drawPlace();
}

async function reload() {
  await loadAbout();
  know(state.about, state.me.id);
  await loadConversations();
  if (state.place !== "home" && !channelOf(state.place)?.members.includes(state.me.id)) go(myChannels()[0]?.id || "home");
  drawAll();
}

function lost(yes) {
  el("banner").hidden = !yes;
  el("banner").textContent = yes ? "Connection lost, trying again…" : "";
}

// -- drawing ------------------------------------------------------------------------------------------------------

function drawAll() {
  const channel = channelOf(state.place);
  const name = state.about.app.name;
  el("place-name").textContent = state.place === "home" ? `${name} Home` : channel.user ? name : `# ${channel.name}`;
  const shared = channel?.is_ext_shared ? "Shared with another organisation. " : "";
  el("place-topic").textContent = shared + (channel?.topic || (channel && !channel.user ? channel.members.map(nameOf).join(", ") : ""));
  el("me-now").textContent = `You are ${state.me.real_name}${state.me.role ? `, ${state.me.role}` : ""}`;
  const hint = channel ? (channel.user ? `Message ${name}` : `Message #${channel.name}, or ${state.about.app.command.name} …`) : "";
  const send = (text) => doing.sendText(state.place, text, null);
  el("composer").replaceChildren(...(channel ? [composer({ id: "composer", hint, inThread: false, send })] : []));
  drawPlace();
}

function drawPlace() {
  if (!document.hidden) state.unread.delete(state.place);
  const unread = [...state.unread.values()].reduce((sum, n) => sum + n, 0);
  document.title = `${unread ? `(${unread}) ` : ""}${el("place-name").textContent} · ${state.me.real_name}`;
  drawSidebar();
  const scroll = el("scroll");
  const atEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 60;
  if (state.place === "home") drawHome();
  else reconcile(el("messages"), messageRows(state.place, rootsIn(state.place), onMessages, false));
  if (!el("messages").children.length) el("messages").append(h("p", { class: "empty", "data-key": "empty" }, "Nothing has been said here yet."));
  if (atEnd) scroll.scrollTop = scroll.scrollHeight;
  drawThread();
}

function drawSidebar() {
  const focused = document.activeElement?.closest("#sidebar") ? [...el("sidebar").querySelectorAll("button")].indexOf(document.activeElement) : -1;
  el("sidebar").replaceChildren(...sidebarNodes(onSidebar));
  if (focused >= 0) el("sidebar").querySelectorAll("button")[focused]?.focus();
}

function drawHome() {
  const view = state.home;
  const content = view ? blocksOf(view, doing.viewActs(view)) : [h("p", { class: "empty" }, "The app has shown nothing here yet.")];
  el("messages").replaceChildren(h("div", { class: "home", "data-key": "home" }, content));
}

function drawThread() {
  const panel = el("thread");
  const root = state.thread && state.channels.get(state.place)?.get(state.thread);
  panel.hidden = !root;
  el("frame").classList.toggle("with-thread", Boolean(root));
  if (!root) {
    panel.replaceChildren();
    delete panel.dataset.of;
    return;
  }
  if (panel.dataset.of !== root.ts + state.me.id) buildThread(panel, root);
  const list = el("thread-messages");
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 60;
  reconcile(list, messageRows(state.place, [root, ...repliesTo(state.place, root.ts)], onMessages, true));
  if (atEnd) list.scrollTop = list.scrollHeight;
}

function buildThread(panel, root) {
  const close = h("button", { type: "button", class: "plain", "aria-label": "Close thread", onclick: () => openThread(null) }, "✕");
  const place = channelOf(state.place);
  const send = (text) => doing.sendText(state.place, text, root.ts);
  panel.replaceChildren(
    h("header", { class: "thread-head" }, h("h2", {}, "Thread ", h("span", { class: "soft" }, place.user ? "" : `# ${place.name}`)), close),
    h("div", { class: "thread-messages", id: "thread-messages", role: "log", "aria-live": "polite", "aria-label": "Replies" }),
    composer({ id: "thread-composer", hint: "Reply…", inThread: true, send }),
  );
  panel.dataset.of = root.ts + state.me.id;
}

// Who reads at the end stays there when the width changes: a thread opens, a phone is turned.
function stayAtEnd(scroll) {
  let atEnd = true;
  scroll.addEventListener("scroll", () => (atEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 60));
  new ResizeObserver(() => atEnd && (scroll.scrollTop = scroll.scrollHeight)).observe(scroll);
}

stayAtEnd(el("scroll"));
start().catch((error) => toast(`The page could not start: ${error.message}`));
