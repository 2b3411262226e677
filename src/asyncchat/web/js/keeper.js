// Remembers what is on the page, and shows it again: drafts, markers, choices, a guest's private talk, what was read
// last. Where it is kept is in memory.js.

import { isRoom } from "./irc.js";
import { entry } from "./room.js";

const KEEP_AFTER = 500; // milliseconds after which what changes often is remembered

export class Keeper {
  #toKeep = new Map();
  #timer = 0;

  constructor(memory, chat, account) {
    this.memory = memory;
    this.chat = chat;
    this.account = account;
    chat.remember = (room) => this.#remember(room);
    addEventListener("pagehide", () => this.#leave());
    document.addEventListener("visibilitychange", () => { if (document.hidden) this.#keepLast(); });
  }

  /** Does `keep` in a moment, or when the page is left; the last one of the same `what`. */
  later(what, keep) {
    this.#toKeep.set(what, keep);
    this.#timer ||= setTimeout(() => this.#keepNow(), KEEP_AFTER);
  }

  #keepNow() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    for (const keep of this.#toKeep.values()) keep();
    this.#toKeep.clear();
  }

  /** Gives a new room what is remembered of it. */
  #remember(room) {
    const { memory } = this;
    room.draft = memory.get("drafts")?.[room.key] ?? "";
    room.notify = memory.get("notify")?.[room.key] ?? "";
    if (!memory.login) room.marker = memory.get("read")?.[room.key] ?? 0; // the server keeps the markers of accounts
  }

  /** Shows a guest's private talk, and what was read last until the server is asked. */
  restore({ nick, token, password }) {
    const { memory, chat } = this;
    for (const [name, messages] of token || password ? [] : memory.talkOf(nick)) {
      const room = chat.room(name);
      for (const message of messages) room.add(entry(message));
      chat.count(room);
    }
    for (const [name, topic, messages] of memory.lastOf(nick)) {
      const room = chat.find(name) ?? (token && !isRoom(name) ? chat.room(name) : null);
      if (!room || room.messages.length) continue;
      room.topic = topic;
      room.restore(messages);
    }
  }

  #keepLast() {
    const { identity } = this.chat.connection;
    if (!identity?.confirmed || !this.account.stays) return;
    // A guest's private talk is kept for the tab alone.
    this.memory.keepLast(this.chat.nick, [...this.chat.rooms.values()].filter((room) => !room.isOld && (identity.token || !room.private)));
  }

  #leave() {
    this.#keepNow();
    this.#keepLast();
    const { connection, rooms, nick } = this.chat;
    if (connection.identity && !connection.hasAccount) this.memory.keepTalk(nick, [...rooms.values()].filter((room) => room.private && room.messages.length));
  }
}
