// What this browser remembers: the choices of its user, drafts, how far a guest has read, and, until the tab is closed, a
// guest's private talk, which no server keeps. It must not know the page.

const KEPT = `asyncchat${location.pathname.replace(/\/$/, "")}`; // another chat may be below another path
const TALK = `${KEPT}.talk`;
const HERE = `${KEPT}.nick`;
const MOST_ROOMS = 50;
const MOST_MARKERS = 200;
const MOST_TALK = 200; // messages of a conversation
const LAST = `${KEPT}.last`;
const MOST_LAST = 40; // messages of a room that are shown while there is no server
const MOST_TEXT = 2000;

function read(storage, key) {
  try {
    return JSON.parse(storage.getItem(key)) ?? {};
  } catch {
    return {};
  }
}

function write(storage, key, value) {
  try {
    storage.setItem(key, JSON.stringify(value));
  } catch { /* the browser keeps nothing, or it is full: the page works without */ }
}

/** What is kept of a message, with the first so many letters of its text. */
function kept({ id, time, nick, text, kind, presence, self, redacted, bot }, most = text.length) {
  return { id, time, nick, text: text.slice(0, most), kind, presence, self, redacted, bot };
}

export class Memory {
  #kept = read(localStorage, KEPT);

  constructor() {
    // Other tabs remember in the same place.
    addEventListener("storage", ({ key }) => { if (key === KEPT) this.#kept = read(localStorage, KEPT); });
  }

  get(name) {
    return this.#kept[name];
  }

  /** Remembers a value; undefined forgets it. */
  set(name, value) {
    this.#kept = { ...read(localStorage, KEPT), [name]: value };
    write(localStorage, KEPT, this.#kept);
  }

  /** Remembers a value of a room in a table of them; "" and undefined forget it. Of the oldest, too many are forgotten. */
  setOf(name, key, value, most = MOST_ROOMS) {
    const table = { ...this.get(name) };
    delete table[key];
    if (value) table[key] = value;
    this.set(name, Object.fromEntries(Object.entries(table).slice(-most)));
  }

  addRoom(name) {
    this.set("rooms", [...new Set([...(this.get("rooms") ?? []), name])].slice(-MOST_ROOMS));
  }

  setMarker(key, time) {
    this.setOf("read", key, time, MOST_MARKERS);
  }

  // Who is signed in. A tab may know it alone.

  get login() {
    const here = read(sessionStorage, KEPT);
    return here.nick ? here : this.get("login");
  }

  /** Remembers {nick, account, id, token}; null forgets it. `stays`: for all tabs of this browser, also later. */
  setLogin(login, stays = true) {
    this.set("login", login && stays ? login : undefined);
    if (!login || !stays) localStorage.removeItem(LAST);
    if (login && !stays) write(sessionStorage, KEPT, login);
    else sessionStorage.removeItem(KEPT);
  }

  /** Forgets what was said and written here, for whoever comes next to this device. */
  forgetTalk() {
    sessionStorage.removeItem(TALK);
    localStorage.removeItem(LAST);
    for (const what of ["drafts", "notify", "ignored", "shared"]) this.set(what, undefined);
  }

  // The name a guest has in this tab: after a reload the server may still know the tab by it.

  get nickHere() {
    return read(sessionStorage, HERE).nick;
  }

  set nickHere(nick) {
    write(sessionStorage, HERE, { nick });
  }

  // A guest's private talk.

  keepTalk(nick, rooms) {
    const talks = rooms.map((room) => [room.name, room.messages.slice(-MOST_TALK).map((message) => kept(message))]);
    if (talks.length) write(sessionStorage, TALK, { nick, talks });
    else sessionStorage.removeItem(TALK);
  }

  /** The talk of a guest of this name, as [other name, messages]. */
  talkOf(nick) {
    const talk = read(sessionStorage, TALK);
    return talk.nick === nick ? talk.talks : [];
  }

  // What was read last.

  /** Keeps the last messages of these rooms; of those that were not read this time, what was kept before. */
  keepLast(nick, rooms) {
    const before = new Map(this.lastOf(nick).map((room) => [room[0], room]));
    const shown = rooms.filter((room) => room.atEnd).slice(0, MOST_ROOMS).map(({ name, topic, messages }) => (messages.length
      ? [name, topic, messages.filter(({ id }) => id).slice(-MOST_LAST).map((message) => kept(message, MOST_TEXT))]
      : before.get(name))).filter(Boolean);
    if (shown.length) write(localStorage, LAST, { nick, rooms: shown });
  }

  /** What somebody of this name read last, as [room, topic, messages]. */
  lastOf(nick) {
    const last = read(localStorage, LAST);
    return last.nick === nick ? last.rooms : [];
  }
}
