// The list of a room's messages: a window into all that are loaded. It keeps its position while history is
// added above, and draws only what changed.

import { avatar, failed, h, hue, icon, iconButton, place } from "./dom.js";
import { fold } from "./irc.js";
import { clean, cleanName, clip, rich } from "./text.js";

const STEP = 80;
const WINDOW = 240;
const TOGETHER = 5 * 60_000;
const NEAR = 300;
const MOST_HEIGHT = 560; // pixels of a text that is not folded
const MOST_EVENT = 300;
const MOST_NAMES = 30;
const MOST_REACTIONS = 24;
const GAP = "Some messages are not shown here. Load them";

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
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
  #expanded = new WeakSet();
  #fresh = [];
  #tools = h("div.tools");

  /** `act(name, room, message, anchor)` is called for each action on a message. */
  constructor(node, latest, chat, act) {
    this.#node = node;
    this.#latest = latest;
    this.chat = chat;
    this.act = act;
    latest.append(icon("down"), "Newest");
    latest.addEventListener("click", () => this.toEnd());
    node.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    node.addEventListener("keydown", (event) => this.#key(event));
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
    new ResizeObserver(() => { if (this.#follow) this.#bottom(); }).observe(node);
  }

  get atEnd() {
    return this.#follow;
  }

  /** Shows a room, at its end; the first unread message is marked. */
  show(room) {
    this.#room = room;
    this.#drawn.clear();
    this.#node.replaceChildren();
    this.#newFrom = room?.unread ? room.marker : 0;
    this.#node.setAttribute("aria-label", room ? `Messages in ${room.name}` : "Messages");
    this.toEnd();
  }

  /** Sets the time after which the line "New" is shown, for when the page is visible again. */
  markNew(time) {
    this.#newFrom = time;
  }

  toEnd() {
    if (!this.#room) return;
    this.#end = this.#room.messages.length;
    this.#start = this.#back(this.#end, STEP);
    this.#follow = true;
    this.#draw();
  }

  toMessage(id) {
    const at = this.#room?.messages.findIndex((message) => message.id === id) ?? -1;
    if (at < 0) return false;
    this.#start = Math.max(0, at - STEP / 2);
    this.#end = Math.min(this.#room.messages.length, at + STEP / 2);
    this.#follow = false;
    this.#moved = true;
    this.#draw();
    const node = this.#find(id);
    node?.scrollIntoView({ block: "center" });
    node?.classList.add("flash");
    node?.focus({ preventScroll: true });
    return true;
  }

  /** Draws at the next frame, because something changed in the room. */
  refresh({ older = false, live = false } = {}) {
    if (!this.#room) return;
    if (live) {
      const gone = this.chat.trim(this.#room, ...(this.#follow ? [] : [this.#start, this.#end]));
      this.#start -= gone;
      this.#end -= gone;
    }
    const count = this.#room.messages.length;
    const most = this.#back(count, WINDOW);
    if (this.#follow) {
      this.#end = count;
      const few = this.#back(count, STEP);
      this.#start = this.#start < most ? few : Math.min(this.#start, few);
    } else if (live && this.#end === count - 1 && this.#start >= most) this.#end = count;
    this.#later(older);
  }

  redraw(message) {
    message.version = (message.version ?? 0) + 1;
    this.#later();
  }

  #later(older = false) {
    this.#grown ||= older;
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
    // History may have been added above: keep the window at the messages that it showed.
    const anchor = this.#follow ? null : this.#anchor();
    if (this.#firstShown && !this.#follow) {
      const at = room.messages.indexOf(this.#firstShown);
      if (at >= 0 && at !== this.#start && !this.#moved) {
        this.#end = Math.min(room.messages.length, at + (this.#end - this.#start));
        this.#start = at;
      }
    }
    this.#moved = false;
    this.#end = Math.min(this.#end, room.messages.length);
    this.#start = Math.max(0, Math.min(this.#start, this.#end));
    this.#firstShown = room.messages[this.#start] ?? null;
    const wanted = this.#items(room);
    const drawn = new Map();
    for (const [key, make] of wanted) {
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
    this.#latest.hidden = this.#follow && this.#end >= room.messages.length;
    return undefined;
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

  #firstShown = null;
  #moved = false;

  #items(room) {
    const out = [];
    if (this.#start === 0) {
      if (room.loading) out.push(["loading", () => h("div.start", {}, "Loading…")]);
      else if (room.atStart) out.push([`start-${room.name}`, () => h("div.start", {}, h("b", {}, cleanName(room.name)), room.private ? "Your conversation begins here." : "The room's history begins here.")]);
    }
    let before = room.messages[this.#start - 1] ?? null;
    let marked = !this.#newFrom;
    for (let at = this.#start; at < this.#end; at += 1) {
      const message = room.messages[at];
      if (!before || dayOf(before.time) !== dayOf(message.time)) {
        const time = message.time;
        out.push([`d${dayOf(time)}-${message.serial}`, () => h("div.day", {}, weekday.format(time))]);
        before = null;
      }
      if (!marked && message.time > this.#newFrom && !message.self && message.kind !== "event") {
        marked = true;
        out.push([`new${this.#newFrom}`, () => h("div.new", {}, "New")]);
        before = null;
      }
      if (message.kind === "event") {
        const group = [message];
        while (at + 1 < this.#end && room.messages[at + 1].kind === "event" && message.presence && room.messages[at + 1].presence
          && dayOf(room.messages[at + 1].time) === dayOf(message.time)) group.push(room.messages[(at += 1)]);
        out.push([`e${message.serial}x${group.length}`, () => this.#event(group)]);
        before = { ...group.at(-1), nick: "" };
        continue;
      }
      if (message.kind === "gap") {
        out.push([`g${message.serial}`, () => this.#gap(room, message)]);
        before = { ...message, nick: "" };
        continue;
      }
      const continued = Boolean(before) && before.nick === message.nick && before.kind !== "event" && message.kind !== "action"
        && before.kind !== "action" && !message.reply && message.time - before.time < TOGETHER;
      out.push([`m${message.serial}${continued ? "c" : ""}${message.pending ? "p" : ""}${message.failed ? "f" : ""}v${message.version ?? 0}`, () => this.#message(room, message, continued)]);
      before = message;
    }
    if (!room.messages.length && !room.loading) {
      const text = room.refusal || `There are no messages here yet.${room.private ? "" : " Say hello."}`;
      out.push([`empty${text}`, () => h("div.empty", {}, text)]);
    }
    return out;
  }

  #gap(room, gap) {
    const node = h("button.gap", { onclick: async () => {
      if (node.ariaBusy) return;
      node.ariaBusy = "true";
      node.textContent = "Loading…";
      this.#follow = false;
      try {
        const first = await this.chat.fill(room, gap);
        if (room === this.#room) {
          this.#draw();
          if (first) this.#find(first.id)?.focus({ preventScroll: true });
          else if (!node.isConnected) this.#node.focus();
        }
      } catch (error) {
        failed(error);
        this.#scrolled();
      }
      node.ariaBusy = null;
      node.textContent = GAP;
    } }, GAP);
    return node;
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
    if (message.failed) {
      body.append(h("div.error", {}, `Not sent: ${message.failed} `, h("button.link", { onclick: () => this.act("again", room, message) }, "Try again")));
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
    const node = h("div.text", {}, message.kind === "action" ? `${name} ` : "", rich(message.text, message.self ? "" : this.chat.nick));
    node.dir = "auto";
    if (message.kind !== "message") node.classList.add(message.kind);
    if (!this.#expanded.has(message)) this.#fresh.push([node, message]);
    return node;
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
    const below = scrollHeight - scrollTop - clientHeight;
    const wasFollowing = this.#follow;
    this.#follow = below < 24 && this.#end >= room.messages.length;
    if (wasFollowing !== this.#follow) {
      this.#latest.hidden = this.#follow;
      if (this.#follow) this.act("seen", room);
    }
    if (scrollTop < NEAR) {
      if (this.#start > 0) this.#move(-STEP);
      else this.chat.older(room);
    } else if (below < NEAR && this.#end < room.messages.length) this.#move(STEP);
  }

  #move(step) {
    const count = this.#room.messages.length;
    this.#follow = false;
    if (step < 0) {
      this.#start = this.#back(this.#start, -step);
      this.#end = Math.min(this.#end, this.#ahead(this.#start, WINDOW));
    } else {
      this.#end = Math.min(count, this.#ahead(this.#end, step));
      this.#start = Math.max(this.#start, this.#back(this.#end, WINDOW));
    }
    this.#moved = true;
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
    const focused = document.activeElement?.closest?.(".message, .gap");
    const messages = [...this.#node.querySelectorAll(".message, .gap")];
    const at = messages.indexOf(focused);
    const go = (index) => {
      event.preventDefault();
      messages[Math.max(0, Math.min(messages.length - 1, index))]?.focus();
    };
    if (event.key === "ArrowUp") return go(at < 0 ? messages.length - 1 : at - 1);
    if (event.key === "ArrowDown") return at < 0 ? undefined : go(at + 1);
    if (event.key === "End") { event.preventDefault(); this.toEnd(); return go(messages.length - 1); }
    if (!focused || event.target !== focused || event.ctrlKey || event.metaKey || event.altKey) return undefined;
    const message = this.#messageAt(focused);
    const what = { r: "reply", e: "pick", Enter: "menu", " ": "menu", Delete: "redact" }[event.key];
    if (what && message) {
      event.preventDefault();
      this.#do(what, message, focused);
    }
    return undefined;
  }
}
