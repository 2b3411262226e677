// The members of the room: a list that draws only the visible rows, so that five thousand are as fast as five.

import { avatar, h } from "./dom.js";
import { rank } from "./chat.js";
import { byName, clean, cleanName } from "./text.js";

const ROW = 36;
const BEYOND = 8;
const ROLES = { "~": "founder", "&": "admin", "@": "operator", "%": "half-op", "+": "voice" };

export class People {
  #title = h("h2");
  #rows = h("ul");
  #scroll = h("div.scroll", { tabIndex: -1 }, this.#rows);
  #sorted = [];
  #frame = 0;
  #room = null;

  constructor(node, chat, act) {
    this.chat = chat;
    this.act = act;
    node.append(this.#title, this.#scroll);
    this.#scroll.addEventListener("scroll", () => this.#later(), { passive: true });
    new ResizeObserver(() => this.#later()).observe(this.#scroll);
    this.#rows.addEventListener("keydown", (event) => this.#key(event));
  }

  draw(room) {
    this.#room = room;
    const members = room && !room.private ? [...room.members.values()] : [];
    this.#sorted = members.sort((one, other) => rank(other) - rank(one) || byName.compare(one.nick, other.nick));
    const count = this.#sorted.length;
    this.#title.textContent = room?.private ? "Private conversation" : count === 1 ? "1 person" : `${count.toLocaleString()} people`;
    this.#rows.style.height = `${count * ROW}px`;
    this.#later();
  }

  #later() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#window();
    });
  }

  #window() {
    const from = Math.max(0, Math.floor(this.#scroll.scrollTop / ROW) - BEYOND);
    const to = Math.min(this.#sorted.length, Math.ceil((this.#scroll.scrollTop + this.#scroll.clientHeight) / ROW) + BEYOND);
    const focused = document.activeElement?.closest?.(".person")?.dataset.nick;
    this.#rows.replaceChildren(...this.#sorted.slice(from, to).map((member, index) => this.#row(member, from + index)));
    if (focused) this.#rows.querySelector(`[data-nick="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  }

  #row(member, index) {
    const name = cleanName(member.nick);
    const role = ROLES[member.prefix[0]] ?? "";
    const node = h(`button.person${member.away ? ".away" : ""}`, {
      title: member.away ? `${name}, away: ${clean(member.away)}` : name,
      onclick: (event) => this.act(member.nick, event.currentTarget),
    }, avatar(name), h("span.name", {}, name), " ", role ? h("span.role", {}, role) : null, member.away ? h("span.unseen", {}, " away") : null);
    node.style.top = `${index * ROW}px`;
    node.dataset.nick = member.nick;
    node.dataset.index = index;
    return h("li", {}, node);
  }

  #key(event) {
    const at = Number(event.target.dataset?.index ?? -1);
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 }[event.key];
    if (at < 0 || !step) return;
    event.preventDefault();
    const to = Math.max(0, Math.min(this.#sorted.length - 1, at + step));
    const top = to * ROW;
    if (top < this.#scroll.scrollTop) this.#scroll.scrollTop = top;
    else if (top + ROW > this.#scroll.scrollTop + this.#scroll.clientHeight) this.#scroll.scrollTop = top + ROW - this.#scroll.clientHeight;
    this.#window();
    this.#rows.querySelector(`[data-index="${to}"]`)?.focus({ preventScroll: true });
  }
}
