// The sidebar: who you are, channels, the app's direct message and Home tab.

import { h } from "/page/dom.js";
import { avatar } from "/page/messages.js";
import { myChannels, people, state } from "/page/state.js";

// `doing` has become(person), go(place) and goDirect().
export function sidebarNodes(doing) {
  const channels = myChannels().filter((row) => !row.user);
  const direct = myChannels().find((row) => row.user === state.me.id);
  const name = state.about.app.name;
  return [
    h("div", { class: "team" }, h("strong", {}, state.about.team.name), h("span", {}, "stand-in Slack on this machine")),
    h("h2", { id: "people-title" }, "You are"),
    h("ul", { class: "people", "aria-labelledby": "people-title" }, people().map((row) => h("li", {}, personButton(row, doing)))),
    h("h2", {}, "Channels"),
    h("ul", {}, channels.map((row) => h("li", {}, placeButton(row.id, sign(row), row.name, doing)))),
    h("h2", {}, "App"),
    h("ul", {},
      h("li", {}, direct ? placeButton(direct.id, "✉", name, doing) : directButton(name, doing)),
      h("li", {}, placeButton("home", "⌂", `${name} Home`, doing))),
  ];
}

const sign = (row) => (row.is_private ? "🔒" : row.is_ext_shared ? "⇄" : "#");

function personButton(row, doing) {
  const mine = row.id === state.me.id;
  const label = h("span", { class: "who" }, h("span", {}, row.real_name), h("span", { class: "soft" }, row.role || (row.is_stranger ? "from another team" : row.is_restricted ? "guest" : "member")));
  return h("button", { type: "button", class: "plain person", "aria-pressed": String(mine), onclick: () => doing.become(row.id) }, avatar(row.id), label);
}

function placeButton(id, mark, label, doing) {
  const unread = state.unread.get(id) || 0;
  const here = state.place === id;
  const badge = unread ? h("span", { class: "badge", "aria-label": `${unread} unread` }, unread) : null;
  return h("button", { type: "button", class: `plain place-button ${unread ? "unread" : ""}`, "aria-current": here ? "page" : null, onclick: () => doing.go(id) }, h("span", { class: "sign", "aria-hidden": "true" }, mark), h("span", { class: "label" }, label), badge);
}

function directButton(label, doing) {
  return h("button", { type: "button", class: "plain place-button", onclick: () => doing.goDirect() }, h("span", { class: "sign", "aria-hidden": "true" }, "✉"), h("span", { class: "label" }, label));
}
