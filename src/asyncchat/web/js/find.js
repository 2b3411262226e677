// Finds rooms and people by a part of their names, by keyboard or by touch. A room that is not there is made only when
// that is chosen.

import { hint } from "./dialogs.js";
import { avatar, h, openDialog } from "./dom.js";
import { fold, isRoom } from "./irc.js";
import { byName, cleanName } from "./text.js";

const MOST = 50;
const NOTHING = "No room and nobody here is called so. Choose below what to do.";

/** The rooms and people that are known: [{kind, name, key, note, unread}]. */
function known(chat, listed) {
  const found = new Map();
  const put = (one) => { if (!found.has(one.key)) found.set(one.key, one); };
  for (const { name, key, topic, unread, called, private: isPerson } of chat.rooms.values()) {
    put({ kind: isPerson ? "person" : "room", name, key, unread: called || unread, near: 0, note: topic });
  }
  for (const { name, key, people, topic } of listed) put({ kind: "room", name, key, unread: 0, near: 1, note: `${people} ${people === 1 ? "person" : "people"}${topic ? `: ${topic}` : ""}` });
  for (const room of chat.rooms.values()) {
    for (const [key, { nick, away }] of room.members) if (!chat.isMe(nick)) put({ kind: "person", name: nick, key, unread: 0, near: 2, note: away ? "away" : "" });
  }
  return [...found.values()];
}

/** How well a place fits what is typed; negative: not at all. */
function rankOf({ kind, key }, text, only) {
  if (only && kind !== only) return -1;
  const bare = kind === "room" ? key.slice(1) : key;
  const at = bare.indexOf(text);
  if (at < 0) return -1;
  return bare === text ? 0 : at === 0 ? 1 : "-_. ".includes(bare[at - 1]) ? 2 : 3;
}

function find(chat, listed, typed) {
  const only = { "#": "room", "@": "person" }[typed[0]];
  const text = fold(only ? typed.slice(1) : typed);
  const ranked = [];
  for (const place of known(chat, listed)) {
    const rank = rankOf(place, text, only);
    if (rank >= 0) ranked.push({ ...place, rank });
  }
  ranked.sort((one, other) => one.rank - other.rank || (text ? 0 : other.unread - one.unread) || one.near - other.near || byName.compare(one.name, other.name));
  const found = ranked.slice(0, MOST);
  const name = (only ? typed.slice(1) : typed).trim().replace(/\s+/g, only === "person" ? "_" : "-");
  if (name && only !== "person" && !ranked.some(({ kind, rank }) => kind === "room" && rank === 0)) found.push({ kind: "new", name: `#${name}`, label: `Make the room #${name}` });
  if (name && only !== "room" && !isRoom(name) && !ranked.some(({ kind, rank }) => kind === "person" && rank === 0)) {
    found.push({ kind: "unknown", name: name.replaceAll("-", "_"), label: `Write to ${name.replaceAll("-", "_")}` });
  }
  return found;
}

/** Opens the dialog; `open(name)` is called with the room or the person that is chosen. */
export async function findDialog(chat, open, typed = "") {
  let listed = [];
  let found = [];
  let at = -1;
  const list = h("ul.places", { role: "listbox", id: "places", "aria-label": "Rooms and people" });
  const status = hint();
  status.setAttribute("role", "status");
  const input = h("input", {
    type: "text", role: "combobox", "aria-expanded": "true", "aria-controls": "places", "aria-autocomplete": "list", "aria-label": "Room or person",
    placeholder: "#room or name", autocomplete: "off", autocapitalize: "off", spellcheck: false, enterkeyhint: "go", value: typed,
  });
  const choose = (one) => {
    dialog.close();
    open(one.name);
  };
  const select = (index) => {
    at = index;
    [...list.children].forEach((node, place) => node.setAttribute("aria-selected", String(place === at)));
    list.children[at]?.scrollIntoView({ block: "nearest" });
    if (at < 0) input.removeAttribute("aria-activedescendant");
    else input.setAttribute("aria-activedescendant", `place-${at}`);
  };
  const row = (one, index) => h("li", { role: "option", id: `place-${index}`, onclick: () => choose(one) },
    one.kind === "person" ? avatar(cleanName(one.name)) : h("span.sign", { "aria-hidden": "true" }, { room: "#", new: "+", unknown: "@" }[one.kind]),
    h("span.grow", {}, h("b", {}, cleanName(one.label ?? (one.kind === "room" ? one.name.slice(1) : one.name))), one.note ? h("small", {}, cleanName(one.note)) : null),
    one.unread ? h("span.badge", {}, String(one.unread)) : null);
  const draw = () => {
    const before = found[at]?.name;
    found = find(chat, listed, input.value.trim());
    list.replaceChildren(...found.map(row));
    const same = found.findIndex(({ name }) => name === before);
    const certain = found.findIndex(({ kind }) => kind === "room" || kind === "person");
    select(input.value.trim() === drawn && same >= 0 ? same : certain);
    drawn = input.value.trim();
    status.textContent = certain < 0 ? (drawn ? NOTHING : "There are no rooms yet.") : found.length >= MOST ? "There are more: type a part of the name." : "";
  };
  let drawn = "";
  const content = h("form.content", {
    onsubmit: (event) => {
      event.preventDefault();
      if (found[at]) choose(found[at]);
    },
  }, h("label.field", {}, "Rooms and people", input), status, list);
  input.addEventListener("input", draw);
  input.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || !found.length) return;
    event.preventDefault();
    select(at < 0 && step < 0 ? found.length - 1 : (at + step + found.length) % found.length);
  });
  const { dialog } = openDialog("Go to", content);
  input.focus();
  draw();
  try {
    const lines = await chat.connection.ask("LIST");
    listed = lines.filter((line) => line.command === "322").map(({ params }) => ({ key: fold(params[1]), name: params[1], people: Number(params[2]), topic: params[3] ?? "" }));
    listed.sort((one, other) => other.people - one.people);
    if (dialog.isConnected) draw();
  } catch (error) {
    status.textContent = `The list of rooms can't be read: ${error.message}`;
  }
}
