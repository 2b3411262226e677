// What a visitor sees before choosing a name: the public rooms, one of them with its last messages and what is said now,
// and the form to join.

import { field, hint } from "./dialogs.js";
import { h } from "./dom.js";
import { entry } from "./room.js";
import { cleanName } from "./text.js";

const API = "api/v1/rooms";
const MOST_ROOMS = 100;
const AGAIN = 30_000; // milliseconds until a stream is tried again that the server refused

const signedOut = "This device was signed out. Sign in again.";

/** Why somebody is not let in, for people: the server's text is for clients of IRC. */
function reasonOf(code, text, { nick, serverPassword }) {
  if (code === "464" && !serverPassword) return "This server asks for a password.";
  if (code === "464" && !text.startsWith("Too many")) return "That is not the server's password.";
  if (code !== "433") return text.replace("nickname", "name");
  return /account|reserved/i.test(text) ? `${cleanName(nick)} belongs to an account. Sign in with its password, or choose another name.` : `${cleanName(nick)} is in use already. Choose another name.`;
}

export class Visitor {
  asAccount = false;
  invited = ""; // the room to which the page's link invites
  room = "";
  #error = "";
  #wantsServerPassword = false;
  #nick = "";
  #chat;
  #stream = null;
  #again = 0;
  #form = null;
  #look = "";

  /** `enter(identity)` is called with the identity of someone who wants to join. */
  constructor(chat, { enter, nick }) {
    this.#chat = chat;
    this.enter = enter;
    this.#nick = nick;
  }

  refused(code, text, identity) {
    this.#nick = identity.nick;
    const wrong = code === "904" || code === "905";
    this.#error = wrong ? (identity.token ? signedOut : "The name or the password is wrong.") : reasonOf(code, text, identity);
    if (code === "464") this.#wantsServerPassword = true;
    this.asAccount ||= wrong || (code !== "464" && /account|reserved|registered|log in|sign in/i.test(text));
  }

  /** Reads a room, and follows what is said there. */
  async read(room) {
    this.leave();
    this.room = room.name;
    room.loading = "older";
    this.#list();
    try {
      const page = await this.#get(`/${this.#path(room)}/messages?limit=50`);
      for (const message of page?.messages ?? []) this.#say(room, message);
    } finally {
      room.loading = "";
    }
    if (this.room === room.name) this.#follow(room);
  }

  /** Follows no more. */
  leave() {
    this.room = "";
    this.#stream?.close();
    this.#stream = null;
    clearTimeout(this.#again);
  }

  #path(room) {
    return encodeURIComponent(room.name.replace(/^#/, ""));
  }

  /** What the API answers; null if it refuses: then the room is read after joining. */
  async #get(path) {
    try {
      const response = await fetch(API + path);
      return response.ok ? await response.json() : null;
    } catch {
      return null;
    }
  }

  async #list() {
    const found = await this.#get("");
    if (!this.room) return;
    const rooms = (found?.rooms ?? []).sort((one, other) => other.members - one.members).slice(0, MOST_ROOMS);
    for (const { name, topic } of rooms) Object.assign(this.#chat.room(name), { topic });
    this.#chat.tell("room", this.#chat.current);
  }

  #say(room, { id, time, name, text, kind, edited }, live = false) {
    const added = room.add(entry({ id, time: Date.parse(time), nick: name, text, kind, self: false, edit: edited ? 1 : 0 }), live);
    if (added && live) this.#chat.added(room, { live });
  }

  /** Where too many streams are open, what was said is read from time to time. */
  async #readOn(room) {
    const page = await this.#get(`/${this.#path(room)}/messages?limit=50`);
    if (this.room !== room.name) return;
    for (const message of page?.messages ?? []) this.#say(room, message, true);
    this.#follow(room);
  }

  #follow(room) {
    const last = room.last?.id;
    const stream = this.#stream = new EventSource(`${API}/${this.#path(room)}/stream${last ? `?after=${encodeURIComponent(last)}` : ""}`);
    const on = (what, act) => stream.addEventListener(what, ({ data }) => act(JSON.parse(data)));
    on("message", (message) => this.#say(room, message, true));
    on("erased", ({ ids }) => {
      for (const message of ids.map((id) => room.byId.get(id)).filter(Boolean)) {
        Object.assign(message, { redacted: "", text: "" });
        this.#chat.tell("changed", room, { message });
      }
    });
    on("edited", ({ id, text }) => {
      const message = room.edit(id, text, (room.byId.get(id)?.edit ?? 0) + 1);
      if (message) this.#chat.tell("changed", room, { message });
    });
    on("reaction", ({ id, name, reaction, on: given }) => {
      const message = room.react(id, reaction, name, given, 0);
      if (message) this.#chat.tell("changed", room, { message });
    });
    on("topic", ({ topic }) => {
      room.topic = topic;
      this.#chat.tell("room", room);
    });
    stream.onerror = () => {
      if (stream.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
      this.#again = setTimeout(() => { if (this.#stream === stream) this.#readOn(room); }, AGAIN);
    };
  }

  /** Draws the form; one that is drawn stays, with what is typed in it. */
  drawForm(composer) {
    const look = [this.asAccount, this.#wantsServerPassword, this.#error].join();
    if (this.#form?.isConnected && this.#look === look) return;
    this.#look = look;
    const nick = field("Your name", { value: this.#nick, autocomplete: "nickname", maxLength: 60, required: true, spellcheck: false, autocapitalize: "off" });
    const password = field("Password of your account", { type: "password", autocomplete: "current-password", required: this.asAccount });
    const server = field("The server's password", { type: "password", required: true });
    this.#form = h("form.card", {
      onsubmit: (event) => {
        event.preventDefault();
        this.#error = "";
        this.enter({
          nick: nick.input.value.trim(),
          ...(this.asAccount ? { password: password.input.value } : {}),
          ...(this.#wantsServerPassword ? { serverPassword: server.input.value } : {}),
        });
      },
    },
    h("div.row", {}, nick.node, this.asAccount ? password.node : "", this.#wantsServerPassword ? server.node : "", h("button.button", { type: "submit" }, this.asAccount ? "Sign in" : "Join")),
    this.#error ? h("p.error", { role: "alert" }, this.#error) : "",
    hint(this.asAccount ? "No account? " : this.invited ? `You are invited to ${this.invited}: choose a name. ` : "Choose a name to join. ", h("button.link", {
      onclick: () => { this.asAccount = !this.asAccount; this.#nick = nick.input.value; this.drawForm(composer); },
    }, this.asAccount ? "Join without an account" : "Sign in with an account")));
    composer.replace(this.#form);
    (this.#nick && this.asAccount ? password.input : nick.input).focus();
  }
}
