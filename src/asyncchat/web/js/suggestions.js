// What a word in the message field may become: @ people, # rooms, : emoji, / commands. The list opens above the field, by
// keyboard and by touch; the field keeps the focus.

import { findEmoji, namedEmoji, noteEmoji } from "./emoji.js";
import { avatar, h } from "./dom.js";
import { fold } from "./irc.js";
import { cleanName } from "./text.js";
import { COMMANDS } from "./words.js";

const MOST = 8;
const LEAST_LETTERS = 2; // of an emoji's name: ":)" opens nothing
const EMOJI = /^[a-z0-9_+-]+$/i;

export class Suggestions {
  #area;
  #list = h("ul.suggestions", { role: "listbox", id: "suggestions", "aria-label": "Suggestions", hidden: true });
  #found = [];
  #at = -1;
  #start = 0;
  #closedFor = ""; // the word for which Escape closed the list

  constructor(area, room, chat) {
    this.#area = area;
    this.room = room;
    this.chat = chat;
    for (const [name, value] of Object.entries({ "aria-autocomplete": "list", "aria-haspopup": "listbox", "aria-controls": this.#list.id })) area.setAttribute(name, value);
    // The field must keep the focus, or a phone closes its keyboard.
    this.#list.addEventListener("pointerdown", (event) => event.preventDefault());
    area.addEventListener("blur", () => this.close());
  }

  get node() {
    return this.#list;
  }

  get isOpen() {
    return !this.#list.hidden;
  }

  close() {
    this.#list.hidden = true;
    this.#found = [];
    this.#area.removeAttribute("aria-activedescendant");
  }

  /** Looks what is written before the caret. */
  async update() {
    const area = this.#area;
    const before = area.value.slice(0, area.selectionStart);
    const word = area.selectionStart === area.selectionEnd ? before.split(/\s/).at(-1) : "";
    if (word !== this.#closedFor) this.#closedFor = "";
    if (!word || this.#closedFor) return this.close();
    this.#start = before.length - word.length;
    const found = await this.#find(word, before);
    const now = area.value.slice(0, area.selectionStart);
    if (now !== before) return undefined; // typed on meanwhile
    if (!found?.length) return this.close();
    return this.#show(found);
  }

  async #find(word, before) {
    const rest = fold(word.slice(1));
    const sign = word[0];
    if (sign === "@") return this.#people(rest);
    if (sign === "#") return this.#rooms(rest);
    if (sign === "/" && word === before) return this.#commands(rest);
    if (sign !== ":") return null;
    if (word.length > 3 && word.endsWith(":") && EMOJI.test(word.slice(1, -1))) {
      const char = await namedEmoji(word.slice(1, -1)).catch(() => "");
      if (char && this.#area.value.slice(0, this.#area.selectionStart) === before) this.#put(char);
      return null;
    }
    if (rest.length < LEAST_LETTERS || !EMOJI.test(rest)) return null;
    const found = await findEmoji(rest, MOST).catch(() => []);
    return found.map(({ char, names }) => ({ text: char, note: `:${names[0]}:`, icon: h("span.sign", {}, char), emoji: true }));
  }

  #people(rest) {
    const { chat, room } = this;
    const names = room.private ? [room.name] : [...room.members.values()].map(({ nick }) => nick).filter((nick) => !chat.isMe(nick));
    const last = new Map(room.messages.filter(({ kind }) => kind !== "event").map(({ nick, time }) => [nick, time]));
    const rank = (nick) => (fold(nick) === rest ? 0 : fold(nick).startsWith(rest) ? 1 : 2);
    return names.filter((nick) => fold(nick).includes(rest))
      .sort((one, other) => rank(one) - rank(other) || (last.get(other) ?? 0) - (last.get(one) ?? 0) || (fold(one) < fold(other) ? -1 : 1))
      .slice(0, MOST).map((nick) => ({ text: `@${nick} `, label: cleanName(nick), icon: avatar(cleanName(nick)) }));
  }

  #rooms(rest) {
    const rooms = [...this.chat.rooms.values()].filter((room) => !room.private && room.key.slice(1).includes(rest));
    // What is written in full is the first.
    rooms.sort((one, other) => (other.key.slice(1) === rest) - (one.key.slice(1) === rest));
    return rooms.slice(0, MOST).map((room) => ({ text: `${room.name} `, label: cleanName(room.name), icon: h("span.sign", {}, "#"), note: cleanName(room.topic || " ") }));
  }

  #commands(rest) {
    const starting = COMMANDS.filter(({ name }) => name.startsWith(rest));
    starting.sort((one, other) => (other.name === rest) - (one.name === rest));
    return starting.slice(0, MOST).map(({ name, usage, about }) => ({ text: `/${name} `, label: usage || `/${name}`, note: about }));
  }

  #show(found) {
    this.#found = found;
    this.#list.replaceChildren(...found.map(({ text, label, note, icon }, index) => h("li", {
      role: "option", id: `suggestion-${index}`, onclick: () => this.#pick(index),
    }, icon ?? "", label || !note ? h("b", {}, label ?? text) : "", note ? h("small", {}, note) : "")));
    this.#list.hidden = false;
    this.#select(0);
  }

  #select(index) {
    this.#at = (index + this.#found.length) % this.#found.length;
    [...this.#list.children].forEach((node, at) => node.setAttribute("aria-selected", String(at === this.#at)));
    this.#list.children[this.#at].scrollIntoView({ block: "nearest" });
    this.#area.setAttribute("aria-activedescendant", `suggestion-${this.#at}`);
  }

  #pick(index) {
    const { text, emoji } = this.#found[index];
    if (emoji) noteEmoji(text);
    this.#put(text);
  }

  #put(text) {
    const area = this.#area;
    this.close();
    area.focus();
    area.setRangeText(text, this.#start, area.selectionStart, "end");
    area.dispatchEvent(new Event("input"));
    this.close();
  }

  /** Takes a key while the list is open; true if it was for the list. */
  key(event) {
    if (!this.isOpen) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const { text } = this.#found[this.#at];
    const typed = this.#area.value.slice(this.#start, this.#area.selectionStart);
    if (step) this.#select(this.#at + step);
    else if (event.key === "Escape") {
      this.#closedFor = typed;
      this.close();
    } else if (event.key === "Tab" && !event.shiftKey) this.#pick(this.#at);
    // What is written in full is sent, not completed.
    else if (event.key === "Enter" && !event.shiftKey && fold(text.trim()) !== fold(typed)) this.#pick(this.#at);
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }
}
