// What a visitor sees before choosing a name: a public room's last messages, and the form to join.

import { field, hint } from "./dialogs.js";
import { h } from "./dom.js";

export class Visitor {
  asAccount = false;
  room = "";
  #error = "";
  #wantsServerPassword = false;
  #nick = "";

  /** `enter(identity)` is called with the identity of someone who wants to join. */
  constructor({ enter, kept }) {
    this.enter = enter;
    this.kept = kept;
    this.#nick = kept.nick ?? "";
  }

  refused(code, text, identity) {
    this.#nick = identity.nick;
    this.#error = code === "904" ? "The name or the password is wrong." : text;
    if (code === "464") this.#wantsServerPassword = true;
    this.asAccount ||= code !== "464" && /account|reserved|registered|log in|sign in/i.test(text);
  }

  async read(room) {
    room.loading = true;
    try {
      const response = await fetch(`api/v1/rooms/${encodeURIComponent(room.name.replace(/^#/, ""))}/messages?limit=50`);
      if (!response.ok) return;
      const page = await response.json();
      for (const { time, name, text, kind } of page.messages) {
        room.messages.push({
          serial: -room.messages.length - 1, id: "", time: Date.parse(time), nick: name, text, kind, account: "", reply: null, reactions: new Map(), self: false,
        });
      }
    } catch {
      // Without the API the room is read after joining.
    } finally {
      room.loading = false;
    }
  }

  drawForm(composer) {
    const nick = field("Your name", { value: this.#nick, autocomplete: "nickname", maxLength: 60, required: true, spellcheck: false, autocapitalize: "off" });
    const password = field("Password of your account", { type: "password", autocomplete: "current-password", required: this.asAccount });
    const server = field("The server's password", { type: "password", required: true });
    const form = h("form.card", {
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
    hint(this.asAccount ? "No account? " : "Choose a name to join. ", h("button.link", {
      onclick: () => { this.asAccount = !this.asAccount; this.#nick = nick.input.value; this.drawForm(composer); },
    }, this.asAccount ? "Join without an account" : "Sign in with an account")));
    composer.replace(form);
    (this.#nick && this.asAccount ? password.input : nick.input).focus();
  }
}
