// The state of the chat: the rooms, what you may do in them, and what you say. It reports what changed. What a line of
// the server means is in incoming.js. It must not know the page.

import { refusalIn } from "./connection.js";
import { History } from "./history.js";
import { messageOf, take } from "./incoming.js";
import { fold, isRoom, pieces, size } from "./irc.js";
import { Room } from "./room.js";
import { mentioned } from "./text.js";

const MARK_EVERY = 3000; // milliseconds between two read markers of a room
const GUEST_MAY_DELETE = 86_400_000; // milliseconds
const LINE_TEXT = 400; // bytes of text that fit into a line with the longest names
const MOST_JOINED = 50; // rooms of one JOIN
const LOST = "The connection was lost before the server confirmed it.";

/** The lines in which a text of any length is sent. */
function linesOf(text, most) {
  return text.split("\n").flatMap((line) => pieces(line, most).map((piece, index) => ({ text: piece, concat: index > 0 })));
}

const FENCE = "```";
const FEW_LINES = 10; // a longer text is a log or code, rather than prose

/** The text in as few messages as it needs, cut between lines; one of many lines as blocks of code, unless it has such itself. */
function blocksOf(text, limits) {
  const [open, close] = text.includes(FENCE) || text.split("\n").length < FEW_LINES ? ["", ""] : [`${FENCE}\n`, `\n${FENCE}`];
  const most = { bytes: limits.bytes - size(open + close), lines: limits.lines - (open ? 2 : 0) };
  const blocks = [];
  let block = "";
  let bytes = 0;
  let lines = 0;
  for (const { text: line, concat } of linesOf(text, LINE_TEXT)) {
    const more = size(line) + (concat ? 0 : 1);
    if (block && (bytes + more > most.bytes || lines + 1 > most.lines)) {
      blocks.push(block);
      [block, bytes, lines] = [line, size(line), 1];
    } else {
      block += `${lines && !concat ? "\n" : ""}${line}`;
      bytes += more;
      lines += 1;
    }
  }
  if (block) blocks.push(block);
  return blocks.map((one) => open + one + close);
}

/** Rooms in as few groups as lines of JOIN hold them; those with a key come first. */
function groupsOf(rooms) {
  const groups = [];
  let bytes = 0;
  for (const room of rooms.toSorted((one, other) => Boolean(other.password) - Boolean(one.password))) {
    const more = size(`${room.name},${room.password ?? ""},`);
    if (!groups.length || bytes + more > LINE_TEXT || groups.at(-1).length >= MOST_JOINED) {
      groups.push([]);
      bytes = 0;
    }
    groups.at(-1).push(room);
    bytes += more;
  }
  return groups;
}

export class Chat extends EventTarget {
  rooms = new Map();
  current = null;
  ignored = new Set();
  remember = () => { /* set by the page: gives a new room what the browser remembers of it */ };

  constructor(connection) {
    super();
    this.connection = connection;
    this.history = new History(this);
    connection.addEventListener("message", ({ detail }) => this.take(detail));
    connection.addEventListener("batch", ({ detail }) => this.#takeBatch(detail));
    connection.addEventListener("state", ({ detail }) => this.#stateChanged(detail));
  }

  get nick() {
    return this.connection.nick;
  }

  get #online() {
    return this.connection.state === "online";
  }

  isMe(nick) {
    return fold(nick) === fold(this.nick);
  }

  // What you may do.

  /** Your rank in a room: an operator of the server is above all roles. */
  rankIn(room) {
    return this.connection.operator ? Infinity : rank(room?.members.get(fold(this.nick)));
  }

  mayReact(room) {
    return this.#online && room.joined && !this.silence(room) && this.connection.passes("+draft/react", "+draft/unreact", "+draft/reply");
  }

  mayReply() {
    return !this.#online || this.connection.passes("+draft/reply");
  }

  maySetTopic(room) {
    return this.#online && room.joined && !room.private && (this.rankIn(room) >= 2 || !(room.hasMode("t") || this.silence(room)));
  }

  mayModerate(room) {
    return this.#online && !room.private && this.rankIn(room) >= 2;
  }

  mayRedact(room, message) {
    if (!this.#online || !this.connection.has("draft/message-redaction")) return false;
    return (!room.private && this.rankIn(room) >= 3) || (room.joined && this.#isAuthor(message));
  }

  mayEdit(room, message) {
    return this.#online && this.connection.has("draft/message-edit") && room.joined && Boolean(message.id)
      && (message.kind === "message" || message.kind === "action") && message.redacted === undefined && this.#isAuthor(message);
  }

  /** The server's rule: the account; without one, the name since you have it, and for a day. */
  #isAuthor({ account, nick, time }) {
    const { connection } = this;
    if (account) return fold(account) === fold(connection.account);
    return this.isMe(nick) && time >= connection.namedAt && Date.now() - time < GUEST_MAY_DELETE;
  }

  /** Why you may not speak in a room, as far as the page knows. */
  silence(room) {
    if (room.private || this.rankIn(room)) return "";
    return room.hasMode("m") ? "only members with a role may speak" : room.silence;
  }

  // Rooms.

  tell(what, room = null, extra = {}) {
    this.dispatchEvent(new CustomEvent(what, { detail: { room, ...extra } }));
  }

  room(name) {
    const key = fold(name);
    let room = this.rooms.get(key);
    if (!room) {
      room = new Room(name);
      this.remember(room);
      this.rooms.set(key, room);
      this.tell("rooms", room);
    }
    return room;
  }

  find(name) {
    return this.rooms.get(fold(name)) ?? null;
  }

  /** The room or conversation that a message found in the history belongs to. */
  placeOf({ target, nick, self }) {
    return this.room(self || isRoom(target) ? target : nick);
  }

  open(name, key = "") {
    const room = this.room(name);
    if (key) room.password = key;
    if (!room.joined && this.#online) this.join(room);
    this.show(room);
    return room;
  }

  show(room) {
    this.current = this.connection.looksAt = room;
    this.#askOfShown(room);
    this.tell("current", room);
  }

  join(room) {
    return this.connection.inTurn(room, () => this.#join([room]));
  }

  /** Joins all rooms, first the one that is looked at, the others together. */
  async #joinAll() {
    const { current } = this;
    if (current && !current.private) await this.join(current);
    await this.connection.inTurn(null, async () => {
      // An account may be in its rooms already: it was told so meanwhile.
      const others = [...this.rooms.values()].filter((room) => !room.joined && room !== current);
      for (const group of groupsOf(others)) await this.#join(group);
    });
  }

  async #join(rooms) {
    for (const room of rooms) room.refusal = "";
    const keys = rooms.map(({ password }) => password).filter(Boolean);
    try {
      const answer = await this.connection.askAll("JOIN", [rooms.map(({ name }) => name).join(","), ...(keys.length ? [keys.join(",")] : [])]);
      for (const line of answer) {
        const refusal = refusalIn([line]);
        const room = refusal && rooms.find(({ key }) => line.params.slice(0, -1).some((param) => fold(param) === key));
        if (room) this.#refuse(room, refusal);
      }
    } catch (error) {
      for (const room of rooms) if (!room.joined) this.#refuse(room, error);
    }
  }

  #refuse(room, { message }) {
    room.refusal = message;
    this.tell("room", room);
  }

  /** You are in a room now. */
  joined(name, time) {
    const room = this.room(name);
    Object.assign(room, { came: time, joined: true, parted: false, refusal: "", name, listedPins: [], asked: false });
    room.members.clear();
    this.#renew(room);
    this.tell("room", room);
    if (!this.current) this.show(room);
  }

  /** What was missed of a room is read: when it is looked at, or something waits to be said there. */
  #renew(room) {
    room.asked = false;
    const isKept = this.connection.has("draft/chathistory") && (!room.private || this.connection.account);
    if (room.isOld || (isKept && room !== this.current && !room.pending.length)) room.reset(true);
    room.isOld = false;
    if (room === this.current) this.#askOfShown(room);
    else if (room.pending.length) this.history.catchUp(room);
  }

  /** Asks for what only somebody who looks at a room needs. */
  #askOfShown(room) {
    if (!room?.joined || room.asked || !this.#online) return;
    room.asked = true;
    this.history.catchUp(room);
    if (room.private) return;
    this.askPins(room);
    this.connection.inTurn(room, () => this.connection.send("MODE", [room.name]));
  }

  leave(room, reason = "") {
    if (!room.private && room.joined) this.connection.send("PART", reason ? [room.name, reason] : [room.name]);
    this.rooms.delete(room.key);
    if (this.current === room) this.show(this.rooms.values().next().value ?? null);
    this.tell("rooms", room);
  }

  rename(room, name) {
    this.rooms.delete(room.key);
    room.name = name;
    room.key = fold(name);
    this.rooms.set(room.key, room);
    this.tell("rooms", room);
  }

  // Sending.

  /** Says a text of any length. It is shown at once, then confirmed by the server's echo or marked as failed. */
  say(room, text, { reply = null, action = false } = {}) {
    const kind = action ? "action" : "message";
    return this.#send(room, room.pend({ text, reply, kind, nick: this.nick, time: this.connection.now() }));
  }

  /** Whether a text is too long for one message. */
  isTooLong(text, { action = false } = {}) {
    return this.#online && !this.#isWhole(linesOf(text, LINE_TEXT), text, action ? "action" : "message");
  }

  /** Most bytes and most lines of one message. */
  get limits() {
    const of = (key) => this.connection.limit("draft/multiline", key);
    return { bytes: of("max-bytes"), lines: of("max-lines") };
  }

  /** The messages in which a text is sent that is too long for one. */
  blocksOf(text) {
    return blocksOf(text, this.limits);
  }

  /** Whether the server takes these lines as one message. */
  #isWhole(lines, text, kind) {
    const { limits } = this;
    return lines.length === 1 || (this.connection.has("draft/multiline") && kind === "message" && lines.length <= limits.lines && size(text) <= limits.bytes);
  }

  async #send(room, shown) {
    const { connection } = this;
    this.tell("messages", room, { live: true });
    if (!this.#online || !room.joined) return; // it is sent when the room is joined again
    const { text, kind, reply } = shown;
    const lines = linesOf(text, LINE_TEXT);
    if (!this.#isWhole(lines, text, kind)) {
      room.discard(shown);
      const parts = kind === "message" && connection.has("draft/multiline") ? this.blocksOf(text) : lines.map((line) => line.text).filter(Boolean);
      for (const part of parts) await this.say(room, part, { reply, action: kind === "action" });
      return;
    }
    const tags = reply ? { "+draft/reply": reply } : {};
    Object.assign(shown, { sent: true, lost: false });
    try {
      if (lines.length > 1) await connection.askMultiline(room.name, lines, tags);
      else await connection.ask("PRIVMSG", [room.name, kind === "action" ? `\u0001ACTION ${text}\u0001` : text], tags);
      // The echo, with its id and time, is in the list by now.
      room.silence = "";
      this.discard(room, shown);
    } catch (error) {
      if (error.code === "OFFLINE") shown.lost = true; // whether it was said shows when what was missed is read
      else this.#failed(room, shown, error.message);
    }
  }

  #failed(room, shown, text) {
    if (!room.pending.includes(shown)) return; // its echo has come all the same
    shown.failed = text;
    shown.pending = false;
    const why = text.slice(text.indexOf(": ") + 2).replace(/\.$/, "");
    if (text.startsWith("Not sent to") && /^(you are|only)/.test(why)) room.silence = why;
    this.tell("room", room);
    this.tell("changed", room, { message: shown });
  }

  /** Says what was not said when the connection was lost, in its order. `known`: what was missed has been read. */
  async #sayWaiting(room, known) {
    for (const shown of room.pending.filter((one) => one.pending && (one.lost || !one.sent))) {
      if (shown.lost && !known) this.#failed(room, shown, LOST);
      else await this.#send(room, shown);
    }
  }

  discard(room, message) {
    room.discard(message);
    this.tell("messages", room);
  }

  typing(room, active) {
    if (room && this.#online && (room.joined || room.private) && this.connection.passes("+typing")) {
      this.connection.send("TAGMSG", [room.name], { "+typing": active ? "active" : "done" });
    }
  }

  react(room, message, reaction) {
    const given = message.reactions.get(reaction)?.has(fold(this.nick));
    const tag = given ? "+draft/unreact" : "+draft/react";
    return this.connection.ask("TAGMSG", [room.name], { [tag]: reaction, "+draft/reply": message.id });
  }

  /** Replaces what a message says; the server's echo changes it here, too. */
  edit(room, message, text) {
    const tags = { "+draft/edit": message.id };
    const lines = linesOf(text, LINE_TEXT);
    return lines.length === 1 ? this.connection.ask("PRIVMSG", [room.name, text], tags)
      : this.connection.askMultiline(room.name, lines, tags);
  }

  /** The texts that a message had, the oldest first. */
  async versions(room, message) {
    const answer = await this.connection.ask("EDITS", [room.name, message.id]);
    const batch = answer.find((item) => item.type === "asyncchat/edits");
    return (batch?.messages ?? []).map((item) => this.messageOf(item)).filter(Boolean);
  }

  redact(room, message, reason = "") {
    return this.connection.ask("REDACT", reason ? [room.name, message.id, reason] : [room.name, message.id]);
  }

  /** Shows the reader alone a text in a room; `command`: what was typed that it answers. */
  inform(room, text, command = "") {
    room.inform({ text, command, time: this.connection.now() });
    this.added(room, { live: true });
  }

  /** Removes such a text. */
  dismiss(room, message) {
    room.messages = room.messages.filter((other) => other !== message);
    this.tell("messages", room);
  }

  // Pinned messages.

  isPinned(room, id) {
    return room.pins.some((pin) => pin.id === id);
  }

  togglePin(room, id) {
    return this.connection.ask(this.isPinned(room, id) ? "UNPIN" : "PIN", [room.name, id]);
  }

  askPins(room) {
    this.connection.inTurn(room, () => this.connection.ask("PINS", [room.name])).catch(() => { /* asked again at the next JOIN */ });
  }

  /** A message of a room has changed. */
  changed(room, message) {
    this.tell("changed", room, { message });
    this.count(room);
  }

  unpinned(room, id) {
    room.pins = room.pins.filter((pin) => pin.id !== id);
    this.tell("pins", room);
  }

  // What one chose for oneself.

  /** Chooses something about a room or a person, for all devices of an account; "" is the default. */
  async choose(name, target, value) {
    if (this.connection.hasAccount) await this.connection.ask("PREFERENCES", [name, target, value]);
    else this.chosen(name, target, value);
  }

  /** Something is chosen, here or on another device. */
  chosen(name, target, value) {
    const key = fold(target);
    const room = this.find(key);
    if (name === "notify" && room) room.notify = value;
    else if (name === "ignore" && value) this.ignored.add(key);
    else if (name === "ignore") this.ignored.delete(key);
    this.tell("chosen", room, { name, key, value });
  }

  // Read markers.

  /** A room was never read: what was said before one came is not unread. */
  readFromNow(room) {
    if (room.private || room.marker) return;
    room.marker = room.came;
    this.#sendMarker(room);
    this.tell("read", room);
  }

  read(room) {
    const last = room.last;
    if (!last || last.time <= room.marker) {
      if (room.unread) this.count(room);
      return;
    }
    room.marker = last.time;
    if (!room.marking) this.#sendMarker(room);
    this.count(room);
    this.tell("read", room);
  }

  #sendMarker(room) {
    const sent = room.marker;
    if (!this.connection.has("draft/read-marker")) return;
    this.connection.send("MARKREAD", [room.name, `timestamp=${new Date(sent).toISOString()}`]);
    room.marking = setTimeout(() => {
      room.marking = 0;
      if (room.marker > sent) this.#sendMarker(room);
    }, MARK_EVERY);
  }

  calls(message) {
    return (message.calls ??= !message.self && mentioned(message.text, this.nick));
  }

  count(room) {
    if (room.count((message) => this.calls(message))) this.tell("unread", room);
  }

  // What the server sends.

  take(item, where) {
    take(this, item, where);
  }

  messageOf(item) {
    return messageOf(this, item);
  }

  #takeBatch(batch) {
    const past = batch.type === "chathistory";
    const room = past ? this.find(batch.params[0]) : null;
    this.take(batch, { past, room });
    if (room) this.tell("messages", room);
  }

  /** Something was added to a room; what is too much in one that is not shown is forgotten. */
  added(room, how = {}) {
    if (room !== this.current) room.trim();
    this.tell("messages", room, how);
  }

  /** What was missed in a room has been read, or (`known` is false) can't be. */
  caughtUp(room, known) {
    room.fault = null;
    if (room !== this.current) room.trim();
    this.count(room);
    this.tell("messages", room, { caughtUp: true });
    this.#sayWaiting(room, known);
  }

  #stateChanged({ state }) {
    if (state === "online") {
      for (const room of this.rooms.values()) if (room.private) this.#renew(room);
      this.#joinAll().then(() => this.history.unread());
    } else if (state === "offline") {
      for (const room of this.rooms.values()) {
        room.members.clear();
        room.typing.clear();
        if (!room.private) room.joined = false;
      }
    }
  }
}

const RANKS = "~&@%+";

/** A member's rank: 0 without a role, 5 for the founder. */
export function rank(member) {
  const sign = member?.prefix?.[0];
  return sign ? RANKS.length - RANKS.indexOf(sign) : 0;
}
