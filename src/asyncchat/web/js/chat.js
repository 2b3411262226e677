// The state of the chat: rooms, members, messages. It takes parsed lines, reports what changed, and requests
// history from the server. It must not know the page.

import { escapeTag, fold, isRoom, pieces, size, timeOf } from "./irc.js";
import { cleanName, mentioned } from "./text.js";

const PAGE = 100;
const FOUND = 50; // messages of a page of a search
const MOST_CAUGHT_UP = 2000;
const MOST_AT_ONCE = 1000;
const MOST_PAGES = 40;
const FEW_TEXTS = 20;
const MOST_KEPT = 3000; // messages of a room
const MOST_REACTIONS = 100; // different ones to a message
const MARK_EVERY = 3000; // milliseconds between two read markers of a room
const TYPING_SECONDS = 6;
const GUEST_MAY_DELETE = 86_400_000; // milliseconds
const LINE_TEXT = 400; // bytes of text that fit into a line with the longest names
const TEXTS = new Set(["message", "action", "notice"]);

let serial = 0;

export class Room {
  constructor(name) {
    this.name = name;
    this.key = fold(name);
    this.private = !isRoom(name);
    this.joined = this.private;
    this.topic = "";
    this.modes = "";
    this.members = new Map();
    this.messages = [];
    this.byId = new Map();
    this.atStart = false;
    this.oldest = ""; // the id of the oldest event that was read, including joins and reactions
    this.loading = false;
    this.pins = []; // the pinned messages, the newest last
    this.listedPins = [];
    this.marker = 0;
    this.marking = 0; // the timer until which no other marker is sent
    this.unread = 0;
    this.called = 0;
    this.typing = new Map();
    this.draft = "";
    this.refusal = "";
    this.silence = ""; // why the server refused the last message
  }

  get last() {
    return this.messages.findLast((message) => message.id) ?? null;
  }
}

const numberOf = (id) => Number(id.slice(id.lastIndexOf("-") + 1)) || 0;

function later(one, other) {
  if (one.time !== other.time) return one.time > other.time;
  return one.id && other.id ? numberOf(one.id) > numberOf(other.id) : false;
}

/** The lines in which a text of any length is sent. */
function linesOf(text, most) {
  return text.split("\n").flatMap((line) => pieces(line, most).map((piece, index) => ({ text: piece, concat: index > 0 })));
}

export class Chat extends EventTarget {
  rooms = new Map();
  current = null;
  ignored = new Set();

  constructor(connection) {
    super();
    this.connection = connection;
    connection.addEventListener("message", ({ detail }) => this.#take(detail));
    connection.addEventListener("batch", ({ detail }) => this.#takeBatch(detail));
    connection.addEventListener("state", ({ detail }) => this.#stateChanged(detail));
  }

  get nick() {
    return this.connection.nick;
  }

  isMe(nick) {
    return fold(nick) === fold(this.nick);
  }

  /** Your rank in a room: an operator of the server is above all roles. */
  rankIn(room) {
    return this.connection.operator ? Infinity : rank(room?.members.get(fold(this.nick)));
  }

  mayReact(room) {
    return this.connection.state === "online" && room.joined && this.connection.passes("+draft/react", "+draft/unreact", "+draft/reply");
  }

  mayReply() {
    return this.connection.state !== "online" || this.connection.passes("+draft/reply");
  }

  mayModerate(room) {
    return this.connection.state === "online" && !room.private && this.rankIn(room) >= 2;
  }

  mayRedact(room, message) {
    if (this.connection.state !== "online" || !this.connection.has("draft/message-redaction")) return false;
    return (!room.private && this.rankIn(room) >= 3) || (room.joined && this.#isAuthor(message));
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
    return room.modes.split(" ")[0].includes("m") ? "only members with a role may speak" : room.silence;
  }

  #tell(what, room = null, extra = {}) {
    this.dispatchEvent(new CustomEvent(what, { detail: { room, ...extra } }));
  }

  room(name) {
    const key = fold(name);
    let room = this.rooms.get(key);
    if (!room) {
      room = new Room(name);
      this.rooms.set(key, room);
      this.#tell("rooms", room);
    }
    return room;
  }

  find(name) {
    return this.rooms.get(fold(name)) ?? null;
  }

  open(name, key = "") {
    const room = this.room(name);
    if (key) room.password = key;
    if (!room.joined && this.connection.state === "online") this.join(room);
    if (room.private && !room.messages.length && this.connection.state === "online") this.#catchUp(room);
    this.show(room);
    return room;
  }

  show(room) {
    this.current = room;
    this.#tell("current", room);
  }

  #turn = Promise.resolve();

  /** One request after the other: someone with many rooms must not use up at once what the server allows. */
  #inTurn(request) {
    const done = this.#turn.then(request);
    this.#turn = done.catch(() => { /* told to whom it concerns */ });
    return done;
  }

  join(room) {
    room.refusal = "";
    this.#inTurn(() => this.connection.ask("JOIN", room.password ? [room.name, room.password] : [room.name])).catch((error) => {
      room.refusal = error.message;
      this.#tell("room", room);
    });
  }

  leave(room, reason = "") {
    if (!room.private && room.joined) this.connection.send("PART", reason ? [room.name, reason] : [room.name]);
    this.rooms.delete(room.key);
    if (this.current === room) this.show(this.rooms.values().next().value ?? null);
    this.#tell("rooms", room);
  }

  // Sending.

  /** Sends a text of any length. It is shown at once, then confirmed by the server's echo or marked as failed. */
  async say(room, text, { reply = null, action = false } = {}) {
    const connection = this.connection;
    const tags = reply ? { "+draft/reply": reply } : {};
    const lines = linesOf(text, LINE_TEXT);
    const whole = connection.has("draft/multiline") && !action
      && lines.length > 1 && lines.length <= connection.limit("draft/multiline", "max-lines")
      && size(text) <= connection.limit("draft/multiline", "max-bytes");
    const parts = lines.length === 1 || whole ? [text] : lines.map((line) => line.text).filter(Boolean);
    for (const part of parts) {
      const shown = this.#pend(room, part, { reply, action });
      if (connection.state !== "online" || !room.joined) {
        // It is sent when the room is joined again; until then it is shown as pending.
        this.#waiting.push({ room, shown, options: { reply, action } });
        continue;
      }
      try {
        if (whole) await connection.askMultiline(room.name, lines, tags);
        else await connection.ask("PRIVMSG", [room.name, action ? `\u0001ACTION ${part}\u0001` : part], tags);
        // The echo, with its id and time, is in the list by now.
        room.silence = "";
        this.discard(room, shown);
      } catch (error) {
        shown.failed = error.message;
        shown.pending = false;
        const why = error.message.split("channel: ")[1];
        if (/^(you are|only)/.test(why)) room.silence = why;
        this.#tell("room", room);
        this.#tell("changed", room, { message: shown });
      }
    }
  }

  #waiting = [];

  #sayWaiting(room) {
    const ready = this.#waiting.filter((item) => item.room === room);
    this.#waiting = this.#waiting.filter((item) => item.room !== room);
    for (const { shown, options } of ready) {
      this.discard(room, shown);
      this.say(room, shown.text, options);
    }
  }

  #pend(room, text, { reply, action }) {
    const message = {
      serial: (serial += 1), id: "", time: Date.now(), nick: this.nick, account: "", text,
      kind: action ? "action" : "message", reply, reactions: new Map(), pending: true, self: true,
    };
    room.messages.push(message);
    this.#tell("messages", room, { live: true });
    return message;
  }

  discard(room, message) {
    room.messages = room.messages.filter((other) => other !== message);
    this.#tell("messages", room);
  }

  typing(room, active) {
    if (room && this.connection.state === "online" && (room.joined || room.private) && this.connection.passes("+typing")) {
      this.connection.send("TAGMSG", [room.name], { "+typing": active ? "active" : "done" });
    }
  }

  react(room, message, reaction) {
    const given = message.reactions.get(reaction)?.has(fold(this.nick));
    const tag = given ? "+draft/unreact" : "+draft/react";
    return this.connection.ask("TAGMSG", [room.name], { [tag]: reaction, "+draft/reply": message.id });
  }

  redact(room, message, reason = "") {
    return this.connection.ask("REDACT", reason ? [room.name, message.id, reason] : [room.name, message.id]);
  }

  // Pinned messages.

  isPinned(room, id) {
    return room.pins.some((pin) => pin.id === id);
  }

  togglePin(room, id) {
    return this.connection.ask(this.isPinned(room, id) ? "UNPIN" : "PIN", [room.name, id]);
  }

  #askPins(room) {
    this.#inTurn(() => this.connection.ask("PINS", [room.name])).catch(() => { /* asked again at the next JOIN */ });
  }

  #unpinned(room, id) {
    room.pins = room.pins.filter((pin) => pin.id !== id);
    this.#tell("pins", room);
  }

  /** Takes a notice about a pin; false for any other notice. */
  #pinChanged(item, room) {
    const id = item.tags.get("asyncchat/pin");
    const off = item.tags.get("asyncchat/unpin");
    if (!room || !(id || off)) return false;
    const [by, ...did] = item.params[1].split(" ");
    this.#event(room, item, did.join(" "), { about: by });
    const { nick, time, text } = room.byId.get(id) ?? {};
    if (off) this.#unpinned(room, off);
    else if (nick) {
      room.pins = [...room.pins, { id, nick, time, by, text: text.split("\n")[0] }];
      this.#tell("pins", room);
    } else this.#askPins(room);
    return true;
  }

  // History.

  /** Loads what precedes the oldest event that was read. */
  async older(room) {
    if (room.loading || room.atStart || !this.connection.has("draft/chathistory")) return;
    room.loading = true;
    this.#tell("room", room);
    try {
      const first = room.oldest || room.messages.find((message) => message.id)?.id;
      const page = first
        ? await this.#history("BEFORE", room, `msgid=${first}`, PAGE)
        : await this.#history("LATEST", room, "*", PAGE);
      room.oldest = page[0] ?? room.oldest;
      if (!page.length) room.atStart = true;
    } catch (error) {
      if (error.code !== "OFFLINE") room.atStart = true;
    } finally {
      room.loading = false;
      this.#tell("messages", room, { older: true });
    }
  }

  #pageSize(most = PAGE) {
    return Math.min(most, Number(this.connection.isupport.get("CHATHISTORY")) || PAGE);
  }

  #hasTexts(room) {
    return room.messages.filter((message) => TEXTS.has(message.kind)).length >= FEW_TEXTS;
  }

  /** Loads a page; returns the ids of everything in it, reactions and joins too: they are needed to read on. */
  async #history(sub, room, ...rest) {
    const target = room.name;
    const args = [...rest.slice(0, -1), String(this.#pageSize(rest.at(-1)))];
    const answer = await this.connection.ask("CHATHISTORY", [sub, target, ...args]);
    const batch = answer.find((item) => item.type === "chathistory");
    const items = batch?.messages ?? [];
    for (const item of items) this.#take(item, { past: true, room });
    return items.map((item) => (item.head ?? item).tags.get("msgid")).filter(Boolean);
  }

  #catchUp(room) {
    this.#inTurn(() => this.#readMissed(room));
  }

  async #readMissed(room) {
    try {
      if (!this.connection.has("draft/chathistory")) return;
      const last = room.last;
      if (!last) {
        let page = await this.#history("LATEST", room, "*", PAGE);
        room.oldest = page[0] ?? "";
        // In a big room the last hundred events may all be joins and leaves: read on until there are messages.
        for (let more = 0; page.length && more < MOST_PAGES && !this.#hasTexts(room); more += 1) {
          page = await this.#history("BEFORE", room, `msgid=${room.oldest}`, MOST_AT_ONCE);
          room.oldest = page[0] ?? room.oldest;
        }
        if (!page.length) room.atStart = true;
      } else {
        let from = last.id;
        for (let total = 0; ;) {
          const page = await this.#history("AFTER", room, `msgid=${from}`, PAGE);
          total += page.length;
          if (!page.length || page.at(-1) === from) break;
          from = page.at(-1);
          if (total >= MOST_CAUGHT_UP) {
            await this.#apart(room, "LATEST", "*");
            break;
          }
        }
      }
    } catch (error) {
      if (error.code !== "OFFLINE" && room.messages.length) this.#gap(room, room.messages.length);
    } finally {
      this.#count(room);
      this.#tell("messages", room, { caughtUp: true });
      this.#sayWaiting(room);
    }
  }

  /** Loads a page that need not meet what is loaded, and marks the gaps at its ends. */
  async #apart(room, sub, where) {
    const known = new Set(room.byId.keys());
    const page = (await this.#history(sub, room, where, PAGE)).filter((id) => room.byId.has(id));
    const at = (id) => room.messages.indexOf(room.byId.get(id));
    if (!page.length) return;
    if (sub !== "LATEST" && !known.has(page.at(-1))) this.#gap(room, at(page.at(-1)) + 1);
    if (known.has(page[0])) return;
    if (at(page[0]) > 0) this.#gap(room, at(page[0]));
    else room.oldest = page[0];
  }

  /** Marks that messages before an index are not loaded, where there is no such mark. */
  #gap(room, index) {
    const { messages } = room;
    if (!messages.length || messages[index]?.kind === "gap" || messages[index - 1]?.kind === "gap") return;
    const { time } = messages[index] ?? messages[index - 1];
    messages.splice(index, 0, { serial: (serial += 1), id: "", time, nick: "", text: "", kind: "gap", reactions: new Map() });
  }

  /** Loads the oldest messages of a gap, and removes it when none is missing. Returns the first of them, or null. */
  async fill(room, gap) {
    const { messages } = room;
    const at = messages.indexOf(gap);
    const before = messages.findLast((message, index) => index < at && message.id)?.id ?? "";
    const next = messages.find((message, index) => index > at && message.id);
    const from = numberOf(gap.read ?? "") > numberOf(before) ? gap.read : before;
    const known = new Set(room.byId.keys());
    const page = await this.#history("AFTER", room, `msgid=${from}`, PAGE);
    const left = room.messages.indexOf(gap);
    if (left < 0) return null; // forgotten meanwhile
    room.messages.splice(left, 1);
    const loaded = page.filter((id) => room.byId.has(id) && !known.has(id)).map((id) => room.byId.get(id));
    gap.read = page.at(-1);
    if (page.length && !(next && numberOf(gap.read) >= numberOf(next.id))) {
      const last = loaded.at(-1);
      gap.time = last?.time ?? gap.time;
      room.messages.splice(last ? room.messages.indexOf(last) + 1 : left, 0, gap);
    }
    this.#tell("messages", room);
    return loaded[0] ?? null;
  }

  /** The newest messages found, up to a time; `reached`: up to when it is to be asked again, null if all were looked at. */
  async search(words, room = null, until = null) {
    const attributes = [`text=${escapeTag(words)}`, `limit=${FOUND}`];
    if (room) attributes.push(`in=${escapeTag(room.name)}`);
    if (until) attributes.push(`before=${until}`);
    const answer = await this.connection.ask("SEARCH", [attributes.join(";")]);
    const batch = answer.find((item) => item.type === "soju.im/search");
    const messages = (batch?.messages ?? []).map((item) => this.#asMessage(item)).filter(Boolean);
    const note = answer.find(({ command, params }) => command === "NOTE" && params[0] === "SEARCH" && params[1] === "INCOMPLETE")?.params;
    const full = messages.length >= FOUND ? new Date(Math.min(...messages.map(({ time }) => time))).toISOString() : null;
    return { messages, reached: note?.[2] ?? full, incomplete: Boolean(note) && note[3] !== "full", indexing: note?.[3] === "indexing" };
  }

  async around(room, id) {
    if (room.byId.has(id)) return;
    await this.#apart(room, "AROUND", `msgid=${id}`);
    this.#tell("messages", room);
  }

  // Read markers.

  read(room) {
    const last = room.last;
    if (!last || last.time <= room.marker) {
      if (room.unread) this.#count(room);
      return;
    }
    room.marker = last.time;
    if (!room.marking) this.#sendMarker(room);
    this.#count(room);
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

  #count(room) {
    let unread = 0;
    let called = 0;
    for (let at = room.messages.length - 1; at >= 0; at -= 1) {
      const message = room.messages[at];
      if (message.time <= room.marker) break;
      if (message.self || !TEXTS.has(message.kind) || message.redacted) continue;
      unread += 1;
      if (room.private || this.calls(message)) called += 1;
    }
    if (unread !== room.unread || called !== room.called) {
      room.unread = unread;
      room.called = called;
      this.#tell("unread", room);
    }
  }

  // What the server sends.

  #stateChanged({ state }) {
    if (state === "online") {
      for (const room of this.rooms.values()) {
        if (room.private) this.#catchUp(room);
        else this.join(room);
      }
      this.#askTargets();
    } else if (state === "offline") {
      for (const room of this.rooms.values()) {
        room.members.clear();
        room.typing.clear();
        if (!room.private) room.joined = false;
      }
    }
  }

  async #askTargets() {
    if (!this.connection.has("draft/chathistory")) return;
    try {
      const week = new Date(Date.now() - 7 * 86_400_000).toISOString();
      const answer = await this.connection.ask("CHATHISTORY", ["TARGETS", `timestamp=${new Date(Date.now() + 60_000).toISOString()}`, `timestamp=${week}`, "20"]);
      const batch = answer.find((item) => item.type === "draft/chathistory-targets");
      for (const { params } of batch?.messages ?? []) {
        if (params[0] === "TARGETS" && !isRoom(params[1]) && !this.find(params[1])) this.#catchUp(this.room(params[1]));
      }
    } catch { /* without an account there are no conversations to return to, and the server refuses */ }
  }

  #asMessage(item) {
    const { tags, source, command, params } = item;
    if (command !== "PRIVMSG" && command !== "NOTICE") return null;
    let text = params[1] ?? "";
    let kind = command === "NOTICE" ? "notice" : "message";
    if (text.startsWith("\u0001")) {
      if (!text.startsWith("\u0001ACTION ")) return null;
      text = text.slice(8).replace(/\u0001$/, "");
      kind = "action";
    }
    return {
      serial: (serial += 1), id: tags.get("msgid") ?? "", time: timeOf(tags), nick: source?.nick ?? "", text, kind,
      account: tags.get("account") ?? "", bot: tags.has("bot"), target: params[0],
      reply: tags.get("+draft/reply") ?? tags.get("+reply") ?? null,
      reactions: new Map(), self: this.isMe(source?.nick ?? ""),
    };
  }

  #insert(room, message) {
    if (message.id) {
      if (room.byId.has(message.id)) return false;
      room.byId.set(message.id, message);
    }
    let at = room.messages.length;
    while (at > 0 && later(room.messages[at - 1], message) && !room.messages[at - 1].pending) at -= 1;
    if (at > 0 && room.messages[at - 1].pending && message.self && !message.pending) {
      while (at > 0 && room.messages[at - 1].pending) at -= 1;
    }
    room.messages.splice(at, 0, message);
    if (room !== this.current) this.trim(room);
    return true;
  }

  /** Forgets the oldest messages of a room that holds too many, but none from index `start` to `end`, which are shown: what
   * follows them is forgotten when it is too much. Returns how many are gone before `start`. */
  trim(room, start = Infinity, end = Infinity) {
    const tooMany = Math.max(0, room.messages.length - MOST_KEPT);
    let before = Math.min(tooMany, start);
    if (before && room.messages[before]?.kind === "gap") before += 1;
    this.#forget(room, 0, before);
    if (tooMany - before > MOST_KEPT) {
      this.#forget(room, end - before, tooMany - before);
      this.#gap(room, end - before);
    }
    return before;
  }

  #forget(room, from, count) {
    for (const { id } of room.messages.splice(from, count)) room.byId.delete(id);
    if (from || !count) return;
    room.atStart = false;
    room.oldest = "";
  }

  #roomOf(target, nick) {
    const bare = target.replace(/^[~&@%+]+/, "");
    if (isRoom(bare)) return this.find(bare);
    if (!nick || nick.includes(".")) return null;
    return this.room(this.isMe(nick) ? bare : nick);
  }

  #take(item, { past = false, room: pastRoom = null } = {}) {
    if (item.type) {
      item.messages.forEach((inner) => this.#take(inner, { past, room: pastRoom }));
      return;
    }
    this.#rules[item.command]?.call(this, item, past, pastRoom ?? this.find(item.params[0] ?? ""));
  }

  #takeBatch(batch) {
    const past = batch.type === "chathistory";
    const room = past ? this.find(batch.params[0]) : null;
    for (const item of batch.messages) this.#take(item, { past, room });
    if (room) this.#tell("messages", room);
  }

  #message(item, past, known) {
    const { source, params, tags } = item;
    const message = this.#asMessage(item);
    if (!message || this.ignored.has(fold(message.nick))) return;
    const server = !source || (item.command === "NOTICE" && (source.nick.includes(".") || !this.connection.nick));
    if (server && !isRoom(params[0])) {
      this.#tell("notice", null, { text: message.text });
      return;
    }
    const room = past ? known : this.#roomOf(tags.get("+draft/channel-context") ?? params[0], source.nick);
    if (!room) return;
    if (!this.#insert(room, message) || past) return;
    room.typing.delete(fold(message.nick));
    this.#count(room);
    this.#tell("messages", room, { live: true });
    if (!message.self) this.#tell("said", room, { message, called: room.private || this.calls(message) });
  }

  #event(room, item, text, { about = "", presence = "" } = {}) {
    const message = {
      serial: (serial += 1), id: item.tags.get("msgid") ?? "", time: timeOf(item.tags), nick: cleanName(about || item.source?.nick || ""), text,
      kind: "event", presence, reactions: new Map(),
    };
    if (this.#insert(room, message)) this.#tell("messages", room, { live: true });
  }

  #everywhere(nick, act) {
    const key = fold(nick);
    for (const room of this.rooms.values()) {
      if (!room.members.has(key)) continue;
      act(room, room.members.get(key), key);
      this.#tell("members", room);
    }
  }

  #set(name, values) {
    const room = this.find(name);
    if (!room) return;
    Object.assign(room, values);
    this.#tell("room", room);
  }

  #rules = {
    PRIVMSG: this.#message,
    NOTICE(item, past, room) {
      if (past || !this.#pinChanged(item, room)) this.#message(item, past, room);
    },
    TAGMSG(item, past, known) {
      const { tags, source, params } = item;
      const room = past ? known : this.#roomOf(params[0], source?.nick ?? "");
      if (!room || !source || this.ignored.has(fold(source.nick))) return;
      const typing = tags.get("+typing");
      if (typing && !past && !this.isMe(source.nick)) {
        if (typing === "active") room.typing.set(fold(source.nick), { nick: source.nick, until: Date.now() + TYPING_SECONDS * 1000 });
        else room.typing.delete(fold(source.nick));
        this.#tell("typing", room);
      }
      const message = room.byId.get(tags.get("+draft/reply") ?? tags.get("+reply"));
      if (!message) return;
      for (const [tag, on] of [["+draft/react", true], ["+draft/unreact", false]]) {
        const reaction = tags.get(tag);
        if (!reaction) continue;
        const people = message.reactions.get(reaction) ?? new Map();
        if (!people.size && message.reactions.size >= MOST_REACTIONS) continue;
        if (on) people.set(fold(source.nick), source.nick);
        else people.delete(fold(source.nick));
        if (people.size) message.reactions.set(reaction, people);
        else message.reactions.delete(reaction);
        if (!past) this.#tell("changed", room, { message });
      }
    },
    REDACT(item, past, known) {
      const room = past ? known : this.#roomOf(item.params[0], item.source?.nick ?? "");
      if (room) this.#unpinned(room, item.params[1]);
      const message = room?.byId.get(item.params[1]);
      if (!message) return;
      message.redacted = item.source?.nick ?? "";
      message.text = "";
      this.#tell("changed", room, { message });
      this.#count(room);
    },
    MARKREAD({ params }, _past, room) {
      const time = Date.parse(params[1]?.replace("timestamp=", "") ?? "");
      if (!room || !(time > room.marker)) return;
      room.marker = time;
      this.#count(room);
    },
    JOIN(item, past, known) {
      const { source, params, tags } = item;
      if (!past && this.isMe(source.nick)) {
        const room = this.room(params[0]);
        room.joined = true;
        room.parted = false;
        room.refusal = "";
        room.name = params[0];
        room.members.clear();
        room.listedPins = [];
        this.#tell("room", room);
        this.#catchUp(room);
        this.#askPins(room);
        this.#inTurn(() => this.connection.send("MODE", [room.name]));
        if (!this.current) this.show(room);
        return;
      }
      if (!known) return;
      if (!past) {
        const account = tags.get("account") ?? (params[1] && params[1] !== "*" ? params[1] : "");
        known.members.set(fold(source.nick), { nick: source.nick, prefix: "", away: false, account });
        this.#tell("members", known);
      }
      this.#event(known, item, "joined", { presence: "join" });
    },
    PART(item, past, room) {
      const { source, params } = item;
      if (!room) return;
      if (!past && this.isMe(source.nick)) {
        room.joined = false;
        room.parted = true;
        room.members.clear();
        this.#tell("room", room);
        return;
      }
      if (!past && room.members.delete(fold(source.nick))) this.#tell("members", room);
      this.#event(room, item, params[1] ? `left: ${params[1]}` : "left", { presence: "part" });
    },
    QUIT(item, past, known) {
      const why = item.params[0] && item.params[0] !== "Quit" ? `left: ${item.params[0]}` : "left";
      if (past) return this.#event(known, item, why, { presence: "part" });
      return this.#everywhere(item.source.nick, (room, _member, key) => {
        room.members.delete(key);
        room.typing.delete(key);
        this.#event(room, item, why, { presence: "part" });
      });
    },
    NICK(item, past, known) {
      const { source, params } = item;
      const text = `is now called ${cleanName(params[0])}`;
      if (past) return this.#event(known, item, text);
      this.#everywhere(source.nick, (room, member, key) => {
        room.members.delete(key);
        room.members.set(fold(params[0]), { ...member, nick: params[0] });
        this.#event(room, item, text);
      });
      const conversation = this.find(source.nick);
      if (conversation?.private && !this.find(params[0])) {
        this.rooms.delete(conversation.key);
        conversation.name = params[0];
        conversation.key = fold(params[0]);
        this.rooms.set(conversation.key, conversation);
        this.#tell("rooms", conversation);
      }
      return this.#tell("me");
    },
    KICK(item, past, room) {
      const { source, params } = item;
      if (!room) return;
      const reason = params[2] && params[2] !== source.nick ? `: ${params[2]}` : "";
      if (!past) {
        if (this.isMe(params[1])) {
          room.joined = false;
          room.members.clear();
          room.refusal = `${cleanName(source.nick)} removed you${reason}`;
          this.#tell("room", room);
        } else {
          room.members.delete(fold(params[1]));
          this.#tell("members", room);
        }
      }
      this.#event(room, item, `was removed by ${cleanName(source.nick)}${reason}`, { about: params[1] });
    },
    TOPIC(item, past, room) {
      if (!room) return;
      if (!past) this.#set(room.name, { topic: item.params[1] ?? "" });
      this.#event(room, item, item.params[1] ? `set the topic: ${item.params[1]}` : "removed the topic");
    },
    MODE(item, past, room) {
      const { params } = item;
      if (!room || !isRoom(params[0])) return;
      if (!past) this.#applyModes(room, params.slice(1));
      this.#event(room, item, `set mode ${params.slice(1).join(" ")}`);
    },
    RENAME(item, past, room) {
      const now = item.params[1];
      if (!room || past) return;
      this.rooms.delete(room.key);
      room.name = now;
      room.key = fold(now);
      this.rooms.set(room.key, room);
      this.#tell("rooms", room);
      this.#tell("room", room);
      this.#event(room, item, `renamed the room to ${now}`);
    },
    AWAY(item, past) {
      if (past) return;
      this.#everywhere(item.source.nick, (_room, member) => { member.away = item.params[0] ?? ""; });
    },
    ACCOUNT(item) {
      this.#everywhere(item.source.nick, (_room, member) => { member.account = item.params[0] === "*" ? "" : item.params[0]; });
      this.#tell("me");
    },
    INVITE(item) {
      const [who, name] = item.params;
      if (this.isMe(who)) this.#tell("invited", null, { name, by: item.source.nick });
    },
    331({ params }) { this.#set(params[1], { topic: "" }); },
    332({ params }) { this.#set(params[1], { topic: params[2] }); },
    324({ params }) { this.#set(params[1], { modes: params.slice(2).join(" ") }); },
    786({ params }) {
      const [, name, id, nick, said, by, , text = ""] = params;
      this.find(name)?.listedPins.push({ id, nick, time: Number(said) * 1000, by, text });
    },
    787({ params }) {
      const room = this.find(params[1]);
      if (!room) return;
      room.pins = room.listedPins;
      room.listedPins = [];
      this.#tell("pins", room);
    },
    353(item) {
      const room = this.find(item.params[2]);
      if (!room) return;
      for (const word of item.params[3].split(" ").filter(Boolean)) {
        const [name] = word.split("!");
        const nick = name.replace(/^[~&@%+]+/, "");
        const prefix = name.slice(0, name.length - nick.length);
        const known = room.members.get(fold(nick));
        room.members.set(fold(nick), { away: "", account: "", ...known, nick, prefix });
      }
    },
    366(item) {
      const room = this.find(item.params[1]);
      if (room) this.#tell("members", room);
    },
  };

  #applyModes(room, [letters = "", ...params]) {
    const [roles, signs] = (this.connection.isupport.get("PREFIX")).slice(1).split(")");
    const [lists, keyed, whenSet, flags] = this.connection.isupport.get("CHANMODES").split(",");
    let on = true;
    for (const letter of letters) {
      if (letter === "+" || letter === "-") on = letter === "+";
      else if (roles.includes(letter)) {
        const member = room.members.get(fold(params.shift() ?? ""));
        const sign = signs[roles.indexOf(letter)];
        if (member) {
          const held = new Set(member.prefix);
          if (on) held.add(sign);
          else held.delete(sign);
          member.prefix = [...signs].filter((char) => held.has(char)).join("");
        }
      } else if (lists.includes(letter) || keyed.includes(letter) || (on && whenSet.includes(letter))) params.shift();
      else if (flags.includes(letter)) room.modes = (on ? letter : "") + room.modes.replace(letter, "");
    }
    room.silence = "";
    this.#tell("members", room);
  }
}

const RANKS = "~&@%+";

/** A member's rank: 0 without a role, 5 for the founder. */
export function rank(member) {
  const sign = member?.prefix?.[0];
  return sign ? RANKS.length - RANKS.indexOf(sign) : 0;
}
