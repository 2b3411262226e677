// The list of rooms and conversations with their unread counts, and the person's own name.

import { avatar, h, iconButton } from "./dom.js";
import { cleanName } from "./text.js";

export class Sidebar {
  #node;
  #list = h("div.rooms");
  #brand = h("span", {}, "asyncchat");
  #me = h("div.me");

  /** `act(name, room)` is called for each choice. */
  constructor(node, chat, act) {
    this.#node = node;
    this.chat = chat;
    this.act = act;
    node.append(h("div.brand", {}, h("img", { src: "/icon.svg", alt: "" }), this.#brand), this.#list, this.#me);
  }

  draw() {
    const { chat, act } = this;
    this.#brand.textContent = cleanName(chat.connection.isupport.get("NETWORK") || "asyncchat");
    const rooms = [...chat.rooms.values()];
    const focused = document.activeElement?.closest?.(".room")?.dataset.key;
    const section = (title, items, adder) => h("section", {}, h("h2", {}, title, adder), h("ul", {}, items.map((room) => h("li", {}, this.#room(room)))));
    this.#list.replaceChildren(
      section("Rooms", rooms.filter((room) => !room.private), iconButton("plus", "Find or create a room", () => act("find"))),
      section("Private", rooms.filter((room) => room.private), iconButton("plus", "Write to somebody", () => act("write"))),
    );
    if (focused) this.#list.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
    const { state, account } = chat.connection;
    const known = state !== "offline" || chat.connection.identity;
    this.#me.replaceChildren(known && chat.nick
      ? h("button", { type: "button", onclick: (event) => act("me", null, event.currentTarget) }, avatar(cleanName(chat.nick)),
        h("span.who", {}, h("b", {}, cleanName(chat.nick)), h("small", {}, state === "online" ? (account ? `signed in as ${cleanName(account)}` : "guest") : "not connected")))
      : h("button", { type: "button", onclick: (event) => act("me", null, event.currentTarget) }, avatar("?"), h("span.who", {}, h("b", {}, "Visitor"), h("small", {}, "reading only"))));
    this.#title(rooms);
  }

  #room(room) {
    const current = room === this.chat.current;
    const told = room.called || room.unread;
    const label = `${cleanName(room.name)}${room.unread ? `, ${room.unread} unread` : ""}${room.called && !room.private ? `, ${room.called} mentioning you` : ""}`;
    const node = h(`button.room${room.unread ? ".unread" : ""}`, {
      type: "button", "aria-current": current ? "true" : null, "aria-label": label, onclick: () => this.act("open", room),
    });
    node.dataset.key = room.key;
    node.append(
      room.private ? avatar(cleanName(room.name)) : h("span.sign", { "aria-hidden": "true" }, "#"),
      h("span.name", {}, cleanName(room.private ? room.name : room.name.slice(1))),
    );
    if (told) node.append(h(`span.badge${room.called ? ".called" : ""}`, { "aria-hidden": "true" }, told > 99 ? "99+" : String(told)));
    return node;
  }

  #title(rooms) {
    const called = rooms.reduce((sum, room) => sum + room.called, 0);
    const unread = rooms.some((room) => room.unread);
    const name = this.chat.current ? cleanName(this.chat.current.name) : "asyncchat";
    document.title = `${called ? `(${called}) ` : unread ? "• " : ""}${name}`;
    if ("setAppBadge" in navigator) {
      (called ? navigator.setAppBadge(called) : navigator.clearAppBadge()).catch(() => { /* only an installed page has a badge */ });
    }
  }
}
