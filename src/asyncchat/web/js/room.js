// One room or conversation: who is in it, and the part of its history that is loaded. That part has no gaps; its ends
// move when more is read, and when too much is kept. It must not know the connection or the page.

import { fold, isRoom } from "./irc.js";

const MOST_KEPT = 3000; // messages of a room
const MOST_REACTIONS = 100; // different ones to a message
const MOST_EARLY = 1000; // messages that are not loaded, whose reactions are kept
const MOST_TOGGLES = 5000;
const CLOCK = 10_000; // milliseconds that a server's clock and the page's idea of it may differ
export const TEXTS = new Set(["message", "action", "notice"]);

let serial = 0;

/** A message, or an event that is shown among messages. */
export function entry(values) {
  return { serial: (serial += 1), id: "", nick: "", account: "", text: "", reply: null, reactions: new Map(), ...values };
}

/** The number in a message's id; later ones are greater. */
export const numberOf = (id) => Number(id.slice(id.lastIndexOf("-") + 1)) || 0;

function later(one, other) {
  if (one.time !== other.time) return one.time > other.time;
  return one.id && other.id ? numberOf(one.id) > numberOf(other.id) : false;
}

function forgetOldest(map, most) {
  if (map.size > most) map.delete(map.keys().next().value);
}

export class Room {
  joined = false;
  asked = false; // whether what was missed, its rules and its pins were asked for since the connection began
  topic = "";
  modes = "";
  members = new Map();
  messages = []; // what is loaded, in order
  byId = new Map();
  pending = []; // own messages that the server has not confirmed
  atStart = false; // whether what is loaded begins with the history's beginning
  atEnd = true; // whether it ends with what was said last: only then it grows by what is said
  oldest = ""; // the ids of the first and last event that was read, including joins and reactions; "": those of messages
  newest = "";
  front = 0; // count how often an end of what is loaded was cut off
  back = 0;
  loading = ""; // what is being loaded: "older", "newer"
  fault = null; // why it could not be loaded: {side, text}
  pins = []; // the pinned messages, the newest last
  listedPins = [];
  marker = 0;
  marking = 0; // the timer until which no other marker is sent
  unread = 0;
  called = 0;
  heard = 0; // the time of what was said last
  typing = new Map();
  draft = "";
  notify = ""; // of what one is told: "all", "" (mentions, and private messages), or "none"
  refusal = "";
  isOld = false; // whether what is loaded is from an earlier visit
  silence = ""; // why the server refused the last message
  #early = new Map();
  #toggles = new Map();

  constructor(name) {
    this.name = name;
    this.key = fold(name);
    this.private = !isRoom(name);
    this.joined = this.private;
  }

  /** Whether a rule without a parameter is set. */
  hasMode(letter) {
    return this.modes.split(" ", 1)[0].includes(letter);
  }

  get last() {
    return this.messages.findLast((message) => message.id) ?? null;
  }

  /** From where older messages are read on; "" if nothing is loaded. */
  get first() {
    return this.oldest || (this.messages.find((message) => message.id)?.id ?? "");
  }

  /** From where newer messages are read on. */
  get end() {
    const last = this.last?.id ?? "";
    return numberOf(this.newest) > numberOf(last) ? this.newest : last;
  }

  /** Adds a message in its place; false if it is there already. `live`: it is said now, not read from the history. */
  add(message, live = false) {
    if (message.id && this.byId.has(message.id)) return false;
    if (message.self) this.#confirm(message);
    this.heard = Math.max(this.heard, message.time);
    if (live && !this.atEnd) return true; // it is read when the reader comes there
    const early = this.#early.get(message.id);
    if (early) message.reactions = early;
    if (message.id) this.byId.set(message.id, message);
    let at = this.messages.length;
    while (at > 0 && later(this.messages[at - 1], message)) at -= 1;
    this.messages.splice(at, 0, message);
    return true;
  }

  /** Drops what is loaded; `atEnd`: what is loaded next is the newest. */
  reset(atEnd) {
    this.#forget(0, this.messages.length);
    Object.assign(this, { atStart: false, atEnd, oldest: "", newest: "", front: this.front + 1, back: this.back + 1 });
  }

  /** Forgets what is too much, first at the end that is further from what is shown (index `start` to `end`), which
   * stays. Returns how many are gone before `start`. */
  trim(start = Infinity, end = Infinity) {
    const { length } = this.messages;
    const tooMany = Math.max(0, length - MOST_KEPT);
    const below = Math.max(0, length - end);
    const most = start < below ? Math.max(0, tooMany - below) : tooMany;
    const before = Math.min(most, start);
    const behind = Math.min(tooMany - before, below);
    if (behind) {
      this.#forget(length - behind, behind);
      Object.assign(this, { atEnd: false, newest: "", back: this.back + 1 });
    }
    if (before) {
      this.#forget(0, before);
      Object.assign(this, { atStart: false, oldest: "", front: this.front + 1 });
    }
    return before;
  }

  #forget(from, count) {
    for (const { id, reactions } of this.messages.splice(from, count)) {
      this.byId.delete(id);
      if (reactions.size) this.#keepEarly(id, reactions);
    }
  }

  #keepEarly(id, reactions) {
    this.#early.delete(id);
    this.#early.set(id, reactions);
    forgetOldest(this.#early, MOST_EARLY);
  }

  /** A message says something else now; an older edit than the last one changes nothing. Returns the message, or null. */
  edit(id, text, number) {
    const message = this.byId.get(id);
    if (!message || message.redacted !== undefined || number <= (message.edit ?? 0)) return null;
    return Object.assign(message, { text, edit: number, calls: undefined });
  }

  /** Takes or gives back a reaction to a message, which may not be loaded. `number` is the event's, 0 if unknown. */
  react(id, reaction, nick, on, number) {
    const toggle = `${id} ${fold(nick)} ${reaction}`;
    if (number && number <= (this.#toggles.get(toggle) ?? 0)) return null; // what is read again may be older
    this.#toggles.set(toggle, number);
    forgetOldest(this.#toggles, MOST_TOGGLES);
    const message = this.byId.get(id) ?? null;
    const reactions = message?.reactions ?? this.#early.get(id) ?? new Map();
    const people = reactions.get(reaction) ?? new Map();
    if (!people.size && reactions.size >= MOST_REACTIONS) return null;
    if (on) people.set(fold(nick), nick);
    else people.delete(fold(nick));
    if (people.size) reactions.set(reaction, people);
    else reactions.delete(reaction);
    if (!message) this.#keepEarly(id, reactions);
    return message;
  }

  /** The event of a reaction was erased. Returns the message that it was to, or null. */
  unreact(number) {
    const toggle = number && [...this.#toggles.keys()].find((one) => this.#toggles.get(one) === number);
    if (!toggle) return null;
    const [id, key, ...reaction] = toggle.split(" ");
    return this.react(id, reaction.join(" "), key, false, 0);
  }

  /** Shows an own message before the server confirms it. */
  pend(values) {
    const message = entry({ ...values, pending: true, self: true });
    this.pending.push(message);
    return message;
  }

  /** Takes what was read last; it is shown until the server is asked. */
  restore(messages) {
    for (const message of messages) this.add(entry(message));
    this.isOld = true;
  }

  /** Shows behind what is loaded what only the reader is told: the answer to a command, or what the server says. */
  inform(values) {
    this.messages.push(entry({ ...values, kind: "answer" }));
  }

  discard(message) {
    this.pending = this.pending.filter((other) => other !== message);
  }

  /** An own message has come back: it is shown no more as one that is not confirmed. */
  #confirm({ text, kind, reply, time }) {
    const at = this.pending.findIndex((one) => one.sent && one.text === text && one.kind === kind && one.reply === reply && time >= one.time - CLOCK);
    if (at >= 0) this.pending.splice(at, 1);
  }

  // What is unread.

  isUnread(message) {
    return message.time > this.marker && !message.self && TEXTS.has(message.kind) && message.redacted === undefined;
  }

  /** Counts what is unread among what is loaded, if that reaches the end; whether a count changed. */
  count(calls) {
    const before = `${this.unread} ${this.called}`;
    if (!this.atEnd) {
      if (this.marker >= this.heard) this.unread = this.called = 0;
    } else {
      this.unread = this.called = 0;
      for (let at = this.messages.length - 1; at >= 0 && this.messages[at].time > this.marker; at -= 1) {
        if (this.isUnread(this.messages[at])) this.#countOne(this.messages[at], calls);
      }
    }
    return before !== `${this.unread} ${this.called}`;
  }

  #countOne(message, calls) {
    this.unread += 1;
    if (this.private || calls(message)) this.called += 1;
  }

  /** Counts one more message that was said now; whether it is unread. */
  countLive(message, calls) {
    if (!this.isUnread(message)) return false;
    this.#countOne(message, calls);
    return true;
  }
}
