// Reads the history of rooms from the server, a page at a time: what precedes and follows what is loaded, what was
// missed, another place, and searches. It must not know the page.

import { escapeTag, isRoom } from "./irc.js";
import { TEXTS } from "./room.js";

const PAGE = 100;
const FOUND = 50; // messages of a page of a search
const MOST_CAUGHT_UP = 2000;
const MOST_AT_ONCE = 1000;
const MOST_PAGES = 40;
const FEW_TEXTS = 20;
const MOST_TARGETS = 200;
const MOST_CONVERSATIONS = 20;
const WEEK = 7 * 86_400_000;
const PRESENCE = new Set(["JOIN", "PART", "QUIT"]);

const END = "draft/chathistory-end";

const byTime = (time) => `timestamp=${new Date(time).toISOString()}`;
const byId = (id) => `msgid=${id}`;
const idsOf = (items) => items.map((item) => (item.head ?? item).tags.get("msgid")).filter(Boolean);

export class History {
  #chat;
  #connection;

  constructor(chat) {
    this.#chat = chat;
    this.#connection = chat.connection;
  }

  get #possible() {
    return this.#connection.has("draft/chathistory");
  }

  /** A page of everything, reactions and joins too: their ids are needed to read on. `ended`: there is no more that way. */
  async #page(sub, room, where, most = PAGE) {
    const limit = Math.min(most, Number(this.#connection.isupport.get("CHATHISTORY")) || PAGE);
    const answer = await this.#connection.ask("CHATHISTORY", [sub, room.name, where, String(limit)]);
    const batch = answer.find((item) => item.type === "chathistory");
    const items = batch?.messages ?? [];
    return { items, ids: idsOf(items), ended: !items.length || batch.head.tags.has(END) };
  }

  #take(room, items) {
    for (const item of items) this.#chat.take(item, { past: true, room });
  }

  async #load(room, side, act) {
    if (room.loading || !this.#possible) return;
    Object.assign(room, { loading: side, fault: null });
    this.#chat.tell("room", room);
    let grown = false;
    try {
      await act();
      grown = true;
    } catch (error) {
      room.fault = { side, text: error.message };
    } finally {
      room.loading = "";
      this.#chat.tell("messages", room, { grown });
    }
  }

  /** Loads what precedes what is loaded. */
  older(room) {
    if (room.atStart) return undefined;
    return this.#load(room, "older", async () => {
      const { front, first } = room;
      const { items, ids, ended } = await (first ? this.#page("BEFORE", room, byId(first)) : this.#page("LATEST", room, "*"));
      if (front !== room.front) return;
      this.#take(room, items);
      room.oldest = ids[0] ?? room.oldest;
      room.atStart = ended;
    });
  }

  /** Loads what follows what is loaded. */
  newer(room) {
    if (room.atEnd) return undefined;
    return this.#load(room, "newer", async () => {
      const { back, end } = room;
      const { items, ids, ended } = await this.#page("AFTER", room, byId(end));
      if (back !== room.back) return;
      this.#take(room, items);
      room.newest = ids.at(-1) ?? room.newest;
      room.atEnd = ended;
      if (ended) this.#chat.count(room);
    });
  }

  /** Loads another place of the history, in place of what is loaded if that does not reach so far. */
  async #go(room, sub, where) {
    const { items, ids, ended } = await this.#page(sub, room, where);
    if (!ids.length) return;
    const known = ids.map((id) => room.byId.has(id));
    const first = known.includes(true) ? { oldest: room.oldest, newest: room.newest } : null;
    if (!first) room.reset(sub === "LATEST");
    this.#take(room, items);
    room.oldest = first && known[0] ? first.oldest : ids[0];
    room.newest = first && known.at(-1) ? first.newest : ids.at(-1);
    if (sub === "LATEST") Object.assign(room, { atEnd: true, atStart: ended });
    this.#chat.count(room);
    this.#chat.tell("messages", room);
  }

  /** Loads what is around a message. */
  async around(room, id) {
    if (!room.byId.has(id)) await this.#go(room, "AROUND", byId(id));
  }

  /** Loads what is around a time, in milliseconds. */
  aroundTime(room, time) {
    return this.#go(room, "AROUND", byTime(time));
  }

  /** Loads the newest messages. */
  async latest(room) {
    if (!room.atEnd) await this.#go(room, "LATEST", "*");
  }

  // What was missed.

  catchUp(room) {
    return this.#connection.inTurn(room, () => this.#readMissed(room));
  }

  async #readMissed(room) {
    let known = false;
    try {
      if (!this.#possible) throw new Error("The server keeps no history");
      room.loading ||= "older";
      this.#chat.tell("room", room);
      if (room.private) await this.#askMarker(room);
      if (room.last && !room.atEnd && room.pending.length) await this.latest(room); // whether it was said
      else if (room.last && room.atEnd) await this.#readOn(room);
      if (room.atEnd) await this.#readBack(room, FEW_TEXTS);
      known = true;
    } catch (error) {
      if (error.code === "OFFLINE") return;
    } finally {
      room.loading = "";
    }
    this.#chat.caughtUp(room, known);
  }

  /** How far a conversation was read on other devices; a JOIN tells that of a room. */
  async #askMarker(room) {
    if (this.#connection.account) await this.#connection.ask("MARKREAD", [room.name]);
  }

  /** Reads back from what is loaded until there are so many messages. In a big room the last hundred events may all be
   * joins and leaves. */
  async #readBack(room, most) {
    for (let pages = 0; !room.atStart && pages < MOST_PAGES && this.#texts(room) < most; pages += 1) {
      const { first } = room;
      const page = await (first ? this.#page("BEFORE", room, byId(first), pages ? MOST_AT_ONCE : PAGE) : this.#page("LATEST", room, "*"));
      this.#take(room, pages ? page.items.filter(({ command }) => !PRESENCE.has(command)) : page.items);
      room.oldest = page.ids[0] ?? room.oldest;
      room.atStart = page.ended;
    }
  }

  #texts(room) {
    return room.messages.filter((message) => TEXTS.has(message.kind)).length;
  }

  async #readOn(room) {
    let from = room.end;
    for (let total = 0; total < MOST_CAUGHT_UP;) {
      const { items, ids, ended } = await this.#page("AFTER", room, byId(from));
      this.#take(room, items);
      if (ended || ids.at(-1) === from) return;
      total += ids.length;
      from = ids.at(-1);
    }
    room.reset(true);
  }

  /** Reads what is unread in rooms at which nobody looks, so that it is counted; one answer says in which there may be
   * something, and with whom one talked. */
  async unread() {
    if (!this.#possible) return;
    const now = Date.now();
    const answer = await this.#connection.ask("CHATHISTORY", ["TARGETS", byTime(now + 60_000), byTime(0), String(MOST_TARGETS)]).catch(() => []);
    const batch = answer.find((item) => item.type === "draft/chathistory-targets");
    const targets = (batch?.messages ?? []).map(({ params: [, name, time] }) => [name, Date.parse(time)]);
    const others = targets.filter(([name, time]) => !isRoom(name) && time > now - WEEK).slice(0, MOST_CONVERSATIONS);
    for (const [name] of others) this.#chat.room(name);
    for (const [name, time] of targets) {
      const room = this.#chat.find(name);
      if (room && room.notify !== "none") this.#connection.inTurn(room, () => this.#readUnread(room, time)).catch(() => { /* it is read when it is looked at */ });
    }
  }

  async #readUnread(room, time) {
    if (room.asked) return; // it is looked at meanwhile
    if (room.private) await this.#askMarker(room);
    if (room.marker >= time) return;
    const { items, ids, ended } = await this.#page("LATEST", room, room.marker ? byTime(room.marker) : "*");
    this.#take(room, items);
    room.oldest = ids[0] ?? room.oldest;
    if (!ended) await this.#readBack(room, 1);
    this.#chat.count(room);
    this.#chat.tell("messages", room);
  }

  /** The newest messages found, up to a time; `reached`: up to when it is to be asked again, null if all were looked at.
   * `from` and `after` (milliseconds), where given, narrow it to a sender and to what was said since. */
  async search(words, room = null, until = null, { from = "", after = 0 } = {}) {
    const attributes = [`limit=${FOUND}`];
    if (words) attributes.push(`text=${escapeTag(words)}`);
    if (room) attributes.push(`in=${escapeTag(room.name)}`);
    if (from) attributes.push(`from=${escapeTag(from)}`);
    if (until) attributes.push(`before=${until}`);
    const answer = await this.#connection.ask("SEARCH", [attributes.join(";")]);
    const batch = answer.find((item) => item.type === "soju.im/search");
    const messages = (batch?.messages ?? []).map((item) => this.#chat.messageOf(item)).filter(Boolean);
    const note = answer.find(({ command, params }) => command === "NOTE" && params[0] === "SEARCH" && params[1] === "INCOMPLETE")?.params;
    const full = messages.length >= FOUND ? new Date(Math.min(...messages.map(({ time }) => time))).toISOString() : null;
    const reached = note?.[2] ?? full;
    // The server would give the oldest first if it knew where to begin.
    if (after && (!reached || Date.parse(reached) <= after)) return { messages: messages.filter(({ time }) => time >= after), reached: null, incomplete: false, indexing: false };
    return { messages, reached, incomplete: Boolean(note) && note[3] !== "full", indexing: note?.[3] === "indexing" };
  }
}
