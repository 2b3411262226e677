// Previews: what a linked page says of itself, under the message. The server looks at the page, where its operator wants that.

import { h } from "./dom.js";
import { clean, clip } from "./text.js";

const LINK = /https?:\/\/\S/i;
const MOST = { title: 200, description: 300, site: 80 };

export class Previews {
  #waiting = []; // [room, message]; those that were shown last are asked first
  #asking = false;

  constructor(connection, chat) {
    this.connection = connection;
    this.chat = chat;
  }

  /** Has the preview of a message's link fetched, once for each of its texts. */
  want(room, message) {
    if (message.previewOf === message.text || !message.id || !LINK.test(message.text) || !this.connection.isupport.has("asyncchat/PREVIEWS")) return;
    message.previewOf = message.text;
    message.preview = null;
    this.#waiting.push([room, message]);
    if (!this.#asking) this.#ask();
  }

  async #ask() {
    this.#asking = true;
    while (this.#waiting.length) {
      const [room, message] = this.#waiting.pop();
      const path = this.connection.isupport.get("asyncchat/PREVIEWS");
      if (!path || this.connection.state !== "online") continue;
      const url = new URL(path.slice(1), document.baseURI);
      url.search = new URLSearchParams({ to: room.name, id: message.id });
      const answer = await fetch(url).then((response) => (response.ok ? response.json() : null)).catch(() => null);
      if (!answer?.preview || message.redacted !== undefined) continue;
      message.preview = answer.preview;
      this.chat.tell("changed", room, { message });
    }
    this.#asking = false;
  }
}

/** A preview as it is drawn. */
export function card({ url, title, description, site }) {
  const text = (what, most) => clip(clean(what), most);
  return h("a.preview", { href: url, target: "_blank", rel: "noopener noreferrer nofollow ugc" },
    h("small", {}, text(site, MOST.site) || new URL(url).host),
    h("b", {}, text(title, MOST.title)),
    description ? h("span", {}, text(description, MOST.description)) : null);
}
