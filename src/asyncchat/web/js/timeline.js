// The list of a room's messages: a window into all that are loaded. It keeps its position while messages are added or
// forgotten above, asks for more at its ends, and draws only what changed.

import { avatar, h, hue, icon, iconButton, place } from "./dom.js";
import { showFiles } from "./files.js";
import { fold } from "./irc.js";
import { card as preview } from "./previews.js";
import { clean, cleanName, clip, rich } from "./text.js";

const STEP = 80;
const WINDOW = 240;
const TOGETHER = 5 * 60_000;
const NEAR = 300;
const MOST_HEIGHT = 560; // pixels of a text that is not folded
const MOST_EVENT = 300;
const MOST_NAMES = 30;
const MOST_REACTIONS = 24;

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
const weekday = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long", year: "numeric" });

function listed(names, most) {
  return names.length > most ? `${names.slice(0, most).join(", ")} and ${names.length - most} more` : names.join(", ");
}

const dayOf = (time) => new Date(time).toDateString();

export class Timeline {
  #node;
  #latest;
  #room = null;
  #start = 0;
  #end = 0;
  #drawn = new Map();
  #frame = 0;
  #follow = true;
  #newFrom = 0;
  #first = null; // the first message of the window, by which it is found again
  #isNewSeen = false; // whether the line "New" was in view
  #jump;
  #expanded = new WeakSet();
  #byKeys = true; // whether letters are for the message that has the focus; who clicks into it means to write on
  #fresh = [];
  #tools = h("div.tools");

  /** `act(name, room, message, anchor)` is called for each action on a message. */
  constructor(node, latest, jump, chat, act) {
    this.#node = node;
    this.#latest = latest;
    this.#jump = jump;
    this.chat = chat;
    this.act = act;
    latest.addEventListener("click", () => this.toEnd());
    jump.addEventListener("click", () => this.toUnread());
    node.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    node.addEventListener("keydown", (event) => this.#key(event));
    node.addEventListener("pointerdown", () => { this.#byKeys = false; });
    node.addEventListener("contextmenu", (event) => {
      const message = this.#offerTools(event);
      if (!message || getSelection()?.toString() || event.target.closest("a")) return;
      event.preventDefault();
      this.#do("menu", message, event.target.closest(".message"));
    });
    for (const type of ["pointerover", "focusin"]) node.addEventListener(type, (event) => this.#offerTools(event));
    const tool = (name, label, what) => iconButton(name, label, ({ currentTarget }) => {
      this.act(what, this.#room, this.#messageAt(currentTarget), currentTarget);
    });
    this.#tools.append(tool("smile", "Add a reaction", "pick"), tool("reply", "Reply", "reply"), tool("more", "More", "menu"));
    new ResizeObserver(() => {
      this.#height = node.clientHeight;
      if (this.#follow) this.#bottom();
      else this.#scrolled(); // it may show the end now
    }).observe(node);
  }

  get atEnd() {
    return this.#follow;
  }

  /** Shows a room, at its end; the first unread message is marked. */
  show(room) {
    this.#room = room;
    this.#drawn.clear();
    this.#node.replaceChildren();
    this.markNew(room?.unread ? room.marker : 0);
    this.#latest.hidden = this.#jump.hidden = true;
    this.#node.setAttribute("aria-label", room ? `Messages in ${room.name}` : "Messages");
    this.toEnd();
  }

  /** Sets the time after which the line "New" is shown, for when the page is visible again. */
  markNew(time) {
    this.#newFrom = time;
    this.#isNewSeen = false;
  }

  /** Counts of unread messages changed. */
  recount() {
    if (this.#room) this.#offerJumps();
  }

  toEnd() {
    const room = this.#room;
    if (!room) return;
    if (!room.atEnd) {
      this.act("latest", room);
      if (this.#drawn.size) return;
    }
    const end = room.messages.length;
    this.#follow = true;
    this.#show(this.#back(end, STEP), end);
    this.#draw();
  }

  toMessage(id) {
    const at = this.#room?.messages.findIndex((message) => message.id === id) ?? -1;
    if (at < 0) return false;
    this.#follow = false;
    this.#showAround(at);
    this.#byKeys = true;
    const node = this.#find(id);
    node?.scrollIntoView({ block: "center" });
    node?.classList.add("flash");
    node?.focus({ preventScroll: true });
    return true;
  }

  #showAround(at) {
    this.#show(Math.max(0, at - STEP / 2), Math.min(this.#room.messages.length, at + STEP / 2));
    this.#draw();
  }

  /** Goes to the first message that was unread when the room was shown; has it loaded if need be, once. */
  toUnread(isLoaded = false) {
    const at = this.#newAt();
    if (at < 0) {
      this.#isNewSeen = isLoaded;
      if (!isLoaded) this.act("unread", this.#room, this.#newFrom);
      return;
    }
    this.#follow = false;
    this.#showAround(at);
    const line = this.#node.querySelector(".new");
    line?.scrollIntoView({ block: "start" });
    line?.nextElementSibling?.focus({ preventScroll: true });
  }

  /** The index of the first message that is new; -1 if there is none, or if it may not be loaded. */
  #newAt() {
    const { messages, atStart } = this.#room;
    if (!this.#newFrom) return -1;
    const at = messages.findIndex((message) => message.time > this.#newFrom && !message.self && message.kind !== "event");
    return at > 0 || atStart ? at : -1;
  }

  /** What is shown: the messages from index `start` to `end`. */
  #show(start, end) {
    this.#start = start;
    this.#end = end;
    this.#first = this.#room.messages[start] ?? null;
  }

  /** Finds the window again, because messages may have been added or forgotten before it. */
  #findWindow() {
    const { messages } = this.#room;
    const at = this.#first ? messages.indexOf(this.#first) : this.#start;
    if (at >= 0) this.#show(at, Math.min(messages.length, at + this.#end - this.#start));
    else this.#show(this.#back(messages.length, STEP), messages.length); // it is gone
  }

  /** Draws at the next frame, because something changed in the room. `grown`: the history was read. */
  refresh({ grown = false, live = false } = {}) {
    const room = this.#room;
    if (!room) return;
    this.#findWindow();
    const gone = room.trim(...(this.#follow ? [] : [this.#start, this.#end]));
    const count = room.messages.length;
    this.#show(Math.max(0, this.#start - gone), Math.min(count, Math.max(0, this.#end - gone)));
    const most = this.#back(count, WINDOW);
    if (this.#follow) {
      const few = this.#back(count, STEP);
      this.#show(this.#start < most ? few : Math.min(this.#start, few), count);
    } else if (live && room.atEnd && this.#end === count - 1 && this.#start >= most) this.#show(this.#start, count);
    this.#later(grown);
  }

  redraw(message) {
    message.version = (message.version ?? 0) + 1;
    this.#later();
  }

  #later(grown = false) {
    this.#grown ||= grown;
    if (!this.#frame) {
      this.#frame = requestAnimationFrame(() => {
        this.#frame = 0;
        this.#draw();
        // At the top, more history is shown without another movement.
        if (this.#grown) this.#scrolled();
        this.#grown = false;
      });
    }
  }

  #grown = false;
  #height = 0; // of what is in view, when it was last looked at

  #anchor() {
    const top = this.#node.getBoundingClientRect().top;
    for (const child of this.#node.children) {
      const box = child.getBoundingClientRect();
      if (box.bottom > top && child.dataset.key?.startsWith("m")) return { child, offset: box.top };
    }
    return null;
  }

  #bottom() {
    this.#node.scrollTop = this.#node.scrollHeight;
  }

  #draw() {
    const room = this.#room;
    if (!room) return this.#node.replaceChildren();
    this.#findWindow();
    const anchor = this.#follow ? null : this.#anchor();
    const drawn = new Map();
    for (const [key, make] of this.#items(room)) {
      const node = this.#drawn.get(key) ?? make();
      node.dataset.key = key;
      drawn.set(key, node);
    }
    const focused = document.activeElement?.closest?.(".message")?.dataset.id;
    place(this.#node, [...drawn.values()]);
    // A message that changed is another element: it keeps the focus.
    if (focused && document.activeElement === document.body) this.#find(focused)?.focus({ preventScroll: true });
    this.#drawn = drawn;
    this.#foldTall();
    if (this.#follow) this.#bottom();
    else if (anchor?.child.isConnected) this.#node.scrollTop += anchor.child.getBoundingClientRect().top - anchor.offset;
    this.#offerJumps();
    return undefined;
  }

  /** Shows the buttons that lead to the newest message and to the first new one, where these are not in view. */
  #offerJumps() {
    const room = this.#room;
    const { unread } = room;
    const label = unread ? `${unread > 99 ? "99+" : unread} new` : "Newest";
    this.#latest.hidden = this.#follow && this.#end >= room.messages.length && room.atEnd;
    if (this.#latest.textContent !== label) this.#latest.replaceChildren(icon("down"), label);
    const line = this.#node.querySelector(".new");
    const above = line ? line.getBoundingClientRect().bottom <= this.#node.getBoundingClientRect().top : this.#isNewAbove();
    this.#isNewSeen ||= Boolean(line) && !above;
    this.#jump.hidden = !above || this.#isNewSeen;
    const text = `New since ${clock.format(this.#newFrom)}`;
    if (above && this.#jump.textContent !== text) this.#jump.replaceChildren(icon("up"), text);
  }

  #isNewAbove() {
    const { messages, atStart } = this.#room;
    if (!this.#newFrom || !messages.length) return false;
    const at = this.#newAt();
    return at >= 0 ? at < this.#start : !atStart && messages[0].time > this.#newFrom;
  }

  #find(id) {
    return this.#node.querySelector(`[data-id="${CSS.escape(id)}"]`);
  }

  /** Folds the new texts that are too tall. They are measured together, before any is changed. */
  #foldTall() {
    const tall = this.#fresh.filter(([node]) => node.offsetHeight > MOST_HEIGHT);
    this.#fresh = [];
    for (const [node, message] of tall) {
      node.classList.add("long");
      node.after(h("button.more-text", { onclick: ({ currentTarget }) => {
        this.#expanded.add(message);
        node.classList.remove("long");
        currentTarget.remove();
      } }, "Show all"));
    }
  }

  #items(room) {
    const out = [];
    if (this.#start === 0) {
      if (room.fault?.side === "older") out.push(this.#fault(room));
      else if (room.loading && room.loading !== "newer") out.push(["loading", () => h("div.start", {}, "Loading…")]);
      else if (room.atStart) out.push([`start-${room.name}`, () => h("div.start", {}, h("b", {}, cleanName(room.name)), room.private ? "Your conversation begins here." : "The room's history begins here.")]);
    }
    let before = room.messages[this.#start - 1] ?? null;
    const firstNew = room.messages[this.#newAt()];
    const pending = this.#end >= room.messages.length && room.atEnd ? room.pending : [];
    const messages = [...room.messages.slice(this.#start, this.#end), ...pending];
    for (let at = 0; at < messages.length; at += 1) {
      const message = messages[at];
      if (!before || dayOf(before.time) !== dayOf(message.time)) {
        const time = message.time;
        out.push([`d${dayOf(time)}-${message.serial}`, () => h("div.day", {}, weekday.format(time))]);
        before = null;
      }
      if (message === firstNew) {
        out.push([`new${this.#newFrom}`, () => h("div.new", {}, "New")]);
        before = null;
      }
      if (message.kind === "event") {
        const group = [message];
        while (message.presence && messages[at + 1]?.presence && dayOf(messages[at + 1].time) === dayOf(message.time)) group.push(messages[(at += 1)]);
        out.push([`e${message.serial}x${group.length}`, () => this.#event(group)]);
        before = { ...group.at(-1), nick: "" };
        continue;
      }
      if (message.kind === "answer") {
        out.push([`a${message.serial}`, () => this.#answer(room, message)]);
        before = { ...message, nick: "" };
        continue;
      }
      const continued = Boolean(before) && before.nick === message.nick && before.kind !== "event" && message.kind !== "action"
        && before.kind !== "action" && !message.reply && message.time - before.time < TOGETHER;
      out.push([`m${message.serial}${continued ? "c" : ""}${message.pending ? "p" : ""}${message.failed ? "f" : ""}v${message.version ?? 0}`, () => this.#message(room, message, continued)]);
      before = message;
    }
    if (this.#end < room.messages.length || room.atEnd) { /* it is all here */ }
    else if (room.fault?.side === "newer") out.push(this.#fault(room));
    else out.push(["loading-newer", () => h("div.start", {}, "Loading…")]);
    if (!messages.length && !room.loading && room.atEnd) {
      const text = room.refusal || `There are no messages here yet.${room.private ? "" : " Say hello."}`;
      out.push([`empty${text}`, () => h("div.empty", {}, text)]);
    }
    return out;
  }

  /** A row that says why nothing more was loaded. */
  #fault(room) {
    const { side, text } = room.fault;
    return [`fault${side}${text}`, () => h("div.start", {}, `${text}. `, h("button.link", { onclick: () => this.chat.history[side](room) }, "Try again"))];
  }

  #event(group) {
    if (group.length === 1) {
      const [event] = group;
      return h("div.event", { title: full.format(event.time) }, h("bdi", {}, event.nick), ` ${clip(clean(event.text), MOST_EVENT)}`);
    }
    const last = new Map();
    for (const event of group) last.set(event.nick, event.presence);
    const names = (kind) => [...last].filter(([, presence]) => presence === kind).map(([nick]) => nick);
    const parts = [[names("join"), "joined"], [names("part"), "left"]].filter(([who]) => who.length).map(([who, did]) => `${listed(who, 5)} ${did}`);
    return h("div.event", { title: full.format(group.at(-1).time) }, parts.join("; "));
  }

  #answer(room, message) {
    const text = h("div.text", {}, clean(message.text));
    text.dir = "auto";
    if (!this.#expanded.has(message)) this.#fresh.push([text, message]);
    return h("div.answer", {},
      h("div.about", {}, message.command ? h("code", {}, clean(message.command)) : h("b", {}, "Server"), h("small", {}, "only you see this"),
        iconButton("close", "Dismiss", () => this.chat.dismiss(room, message))), text);
  }

  #message(room, message, continued) {
    const name = cleanName(message.nick);
    const when = h("time", { dateTime: new Date(message.time).toISOString(), title: full.format(message.time) }, clock.format(message.time));
    const node = h(`article.message${continued ? ".continued" : ""}`, { tabIndex: -1 });
    node.dataset.id = message.id;
    if (message.pending) node.classList.add("pending");
    if (message.failed) node.classList.add("failed");
    if (!message.redacted && this.chat.calls(message)) node.classList.add("called");
    const body = h("div.body");
    if (continued) node.append(when);
    else {
      node.append(avatar(name));
      const who = h("button.nick", { onclick: (event) => this.act("person", room, message, event.currentTarget) }, name);
      who.style.setProperty("--hue", hue(name.toLowerCase()));
      body.append(h("div.head", {}, who, message.bot ? h("span.tag", {}, "bot") : null, message.kind === "notice" ? h("span.tag", {}, "notice") : null, when));
    }
    if (message.reply) body.append(this.#quote(room, message));
    body.append(this.#text(message, name));
    if (message.redacted === undefined) this.#preview(room, message, body);
    if (message.failed) {
      body.append(h("div.error", {}, `${message.failed.startsWith("Not ") ? "" : "Not sent: "}${message.failed} `, h("button.link", { onclick: () => this.act("again", room, message) }, "Try again")));
    }
    if (message.reactions.size) body.append(this.#reactions(room, message));
    node.append(body);
    return node;
  }

  #text(message, name) {
    if (message.redacted !== undefined) {
      const by = message.redacted && message.redacted !== message.nick ? ` by ${cleanName(message.redacted)}` : "";
      return h("div.text.gone", {}, `This message was deleted${by}.`);
    }
    const node = h("div.text", {}, message.kind === "action" ? `${name} ` : "", showFiles(rich(message.text, message.self ? "" : this.chat.nick)));
    node.dir = "auto";
    if (message.edit) node.append(" ", h("button.edited", { title: "Show the earlier texts", onclick: () => this.act("versions", this.#room, message) }, "(edited)"));
    if (message.kind !== "message") node.classList.add(message.kind);
    if (!this.#expanded.has(message)) this.#fresh.push([node, message]);
    return node;
  }

  #preview(room, message, body) {
    this.act("preview", room, message);
    if (message.preview) body.append(preview(message.preview));
  }

  #quote(room, message) {
    const original = room.byId.get(message.reply);
    const text = original ? (original.redacted !== undefined ? "deleted message" : clean(original.text).replace(/\s+/g, " ").slice(0, 160)) : "an earlier message";
    return h("button.quote", { title: "Show the message that this answers", onclick: () => this.act("goto", room, { id: message.reply }) },
      original ? h("b", {}, cleanName(original.nick)) : null, h("span", {}, text));
  }

  #reactions(room, message) {
    return h("div.reactions", {}, [...message.reactions].slice(0, MOST_REACTIONS).map(([reaction, people]) => {
      const names = listed([...people.values()].map(cleanName), MOST_NAMES);
      const mine = people.has(fold(this.chat.nick));
      const text = [...clean(reaction)].slice(0, 16).join("");
      return h("button.reaction", {
        "aria-pressed": String(mine), title: names,
        "aria-label": `${text}: ${names}`, onclick: () => this.act("react", room, message, reaction),
      }, `${text} ${people.size}`);
    }), message.reactions.size > MOST_REACTIONS ? h("span.hint", {}, `+${message.reactions.size - MOST_REACTIONS}`) : null);
  }

  /** The message that an element belongs to, where it can be acted on. */
  #messageAt(target) {
    const message = this.#room?.byId.get(target.closest(".message")?.dataset.id);
    return message && message.redacted === undefined ? message : null;
  }

  /** Moves the one row of tools to the message of an event, and returns this message; null if it can't be acted on. */
  #offerTools({ target }) {
    const message = this.#messageAt(target);
    const node = target.closest(".message");
    if (message && !node.contains(this.#tools)) node.append(this.#tools);
    this.#tools.children[0].hidden = !this.chat.mayReact(this.#room);
    this.#tools.children[1].hidden = !this.chat.mayReply();
    return message;
  }

  #do(what, message, node) {
    this.act(what, this.#room, message, this.#tools.offsetParent ? this.#tools : node);
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.#node;
    const room = this.#room;
    if (!room) return;
    if (this.#follow && clientHeight !== this.#height) return; // a notice came or went, and nobody scrolled
    const below = scrollHeight - scrollTop - clientHeight;
    const wasFollowing = this.#follow;
    this.#follow = below < 24 && this.#end >= room.messages.length && room.atEnd;
    if (this.#follow && !wasFollowing) this.act("seen", room);
    this.#offerJumps();
    if (scrollTop < NEAR) {
      if (this.#start > 0) this.#move(-STEP);
      else if (!room.fault) this.chat.history.older(room);
    }
    if (below < NEAR && !this.#follow) {
      if (this.#end < room.messages.length) this.#move(STEP);
      else if (!room.fault) this.chat.history.newer(room);
    }
  }

  #move(step) {
    this.#follow = false;
    if (step < 0) {
      const start = this.#back(this.#start, -step);
      this.#show(start, Math.min(this.#end, this.#ahead(start, WINDOW)));
    } else {
      const end = this.#ahead(this.#end, step);
      this.#show(Math.max(this.#start, this.#back(end, WINDOW)), end);
    }
    this.#draw();
  }

  /** The index so many drawn rows before an index: consecutive joins and leaves are one row. */
  #back(index, count, step = -1) {
    const { messages } = this.#room;
    let at = index;
    for (let left = count; left > 0 && at !== (step < 0 ? 0 : messages.length); left -= 1) {
      do at += step; while (messages[at - 1]?.presence && messages[at]?.presence);
    }
    return at;
  }

  #ahead(index, count) {
    return this.#back(index, count, 1);
  }

  #key(event) {
    const focused = document.activeElement?.closest?.(".message");
    const messages = [...this.#node.querySelectorAll(".message")];
    const at = messages.indexOf(focused);
    const go = (index) => {
      event.preventDefault();
      this.#byKeys = true;
      messages[Math.max(0, Math.min(messages.length - 1, index))]?.focus();
    };
    if (event.key === "ArrowUp") return go(at < 0 ? messages.length - 1 : at - 1);
    if (event.key === "ArrowDown") return at < 0 ? undefined : go(at + 1);
    if (event.key === "End") { event.preventDefault(); this.toEnd(); return go(messages.length - 1); }
    if (!focused || event.target !== focused || event.ctrlKey || event.metaKey || event.altKey) return undefined;
    if (event.key.length === 1 && !this.#byKeys) return undefined;
    const message = this.#messageAt(focused);
    const what = { r: "reply", e: "pick", Enter: "menu", " ": "menu", Delete: "redact" }[event.key];
    if (what && message) {
      event.preventDefault();
      this.#do(what, message, focused);
    }
    return undefined;
  }
}
