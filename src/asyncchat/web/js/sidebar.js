// The list of rooms and conversations with their unread counts, and the person's own name.

import { avatar, h, icon, iconButton, place } from "./dom.js";
import { byName, cleanName } from "./text.js";

export class Sidebar {
  #node;
  #list = h("div.rooms");
  #brand = h("span", {}, "asyncchat");
  #me = h("div.me");
  #rooms = h("ul");
  #private = h("ul");
  #rows = new WeakMap();

  /** `act(name, room)` is called for each choice. */
  constructor(node, chat, act) {
    this.#node = node;
    this.chat = chat;
    this.act = act;
    const section = (title, list, ...adder) => h("section", { "aria-label": title }, h("h2", {}, title, iconButton("plus", ...adder)), list, this.#moreOf(list));
    this.#list.append(
      section("Rooms", this.#rooms, "Find or create a room", () => act("find")),
      section("Private", this.#private, "Write to somebody", () => act("write")),
    );
    node.append(h("div.brand", {}, h("img", { src: new URL("../icon.svg", import.meta.url).href, alt: "" }), this.#brand), this.#list, this.#me);
  }

  #offers = [];

  /** The button that tells of unread rooms which a list does not show, and goes there. */
  #moreOf(list) {
    let first = null;
    const more = h("button.more-unread", { hidden: true, onclick: () => {
      first?.scrollIntoView({ block: "center" });
      first?.focus({ preventScroll: true });
    } });
    const offer = () => {
      const { top, bottom } = list.getBoundingClientRect();
      const rows = [...list.querySelectorAll(".unread")].map((row) => [row, row.parentNode.getBoundingClientRect()]);
      const below = rows.filter(([, box]) => box.top + box.height / 2 > bottom);
      const [hidden, where] = below.length ? [below, "below"] : [rows.filter(([, box]) => box.bottom - box.height / 2 < top), "above"];
      [first] = hidden.at(where === "below" ? 0 : -1) ?? [null];
      more.hidden = !first;
      const text = `${hidden.length} unread ${where}`;
      if (first && more.textContent !== text) more.replaceChildren(icon(where === "below" ? "down" : "up"), text);
    };
    list.addEventListener("scroll", offer, { passive: true });
    new ResizeObserver(offer).observe(list);
    this.#offers.push(offer);
    return more;
  }

  /** All rooms in the order of the list, then all conversations: by name, so that none changes its place. */
  get order() {
    return [...this.chat.rooms.values()].sort((one, other) => one.private - other.private || byName.compare(one.name, other.name));
  }

  draw() {
    const { chat, act } = this;
    this.#brand.textContent = cleanName(chat.connection.isupport.get("NETWORK") || "asyncchat");
    const rooms = this.order;
    const focused = document.activeElement?.closest?.(".room")?.dataset.key;
    for (const list of [this.#rooms, this.#private]) {
      place(list, rooms.filter((room) => room.private === (list === this.#private)).map((room) => this.#row(room)));
    }
    if (focused) this.#list.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
    this.#offers.forEach((offer) => offer());
    const { state, account } = chat.connection;
    const known = state !== "offline" || chat.connection.identity;
    const [name, note] = !known || !chat.nick ? ["Visitor", "reading only"]
      : [cleanName(chat.nick), state !== "online" ? "not connected" : account ? `signed in as ${cleanName(account)}` : "guest"];
    this.#me.replaceChildren(h("button", { onclick: () => act("me") }, avatar(note === "reading only" ? "?" : name), h("span.who", {}, h("b", {}, name), h("small", {}, note))),
      chat.connection.operator ? iconButton("shield", "People, bans and audit of this server", () => act("administer")) : "");
    this.#title(rooms);
  }

  /** The row of a room; it is made again when something in it changed. */
  #row(room) {
    const current = room === this.chat.current;
    const muted = room.notify === "none";
    const [unread, called] = muted ? [0, 0] : [room.unread, room.called];
    const told = called || unread;
    const look = [current, unread, called, muted, room.name].join();
    const row = this.#rows.get(room) ?? {};
    if (row.look === look) return row.node;
    const label = `${cleanName(room.name)}${unread ? `, ${unread} unread` : ""}${called && !room.private ? `, ${called} mentioning you` : ""}${muted ? ", muted" : ""}`;
    const node = h(`button.room${unread ? ".unread" : ""}${muted ? ".muted" : ""}`, {
      "aria-current": current ? "true" : null, "aria-label": label, onclick: () => this.act("open", room),
      oncontextmenu: (event) => { event.preventDefault(); this.act("menu", room, node); },
    });
    node.dataset.key = room.key;
    node.append(
      room.private ? avatar(cleanName(room.name)) : h("span.sign", { "aria-hidden": "true" }, "#"),
      h("span.name", {}, cleanName(room.private ? room.name : room.name.slice(1))),
    );
    if (muted) node.append(icon("mute"));
    if (told) node.append(h(`span.badge${called ? ".called" : ""}`, { "aria-hidden": "true" }, told > 99 ? "99+" : String(told)));
    this.#rows.set(room, { look, node: h("li", {}, node) });
    return this.#rows.get(room).node;
  }

  #title(rooms) {
    const counted = rooms.filter((room) => room.notify !== "none");
    const called = counted.reduce((sum, room) => sum + room.called, 0);
    const unread = counted.some((room) => room.unread);
    const name = this.chat.current ? cleanName(this.chat.current.name) : "asyncchat";
    document.title = `${called ? `(${called}) ` : unread ? "• " : ""}${name}`;
  }
}
