// The message field: a message of any number of lines, a reply, or a command that begins with "/".

import { h, icon, iconButton } from "./dom.js";
import { openPicker } from "./emoji.js";
import { fold } from "./irc.js";
import { Suggestions } from "./suggestions.js";
import { clean, cleanName } from "./text.js";

const TYPING_EVERY = 3000;

export class Composer {
  #node;
  #area = null;
  #room = null;
  #reply = null;
  #typed = 0;
  #completion = null;

  /** `say(room, text, options)` sends a text; `command(room, word, rest)` runs a command; `uploads` sends files. */
  constructor(node, chat, { say, edit, command, uploads }) {
    this.#node = node;
    this.chat = chat;
    this.say = say;
    this.change = edit;
    this.command = command;
    this.uploads = uploads;
  }

  /** Whether one can write here. */
  get isOpen() {
    return Boolean(this.#area?.isConnected);
  }

  focus() {
    this.#area?.focus();
  }

  /** `why`: why the person may not speak there, or "". */
  show(room, why) {
    if (!this.#area?.isConnected || this.#room !== room) this.#draw(room);
    this.uploads.picker.hidden = !this.uploads.most;
    this.#silence.hidden = !why;
    this.#silence.textContent = `You may not speak here: ${why}.`;
  }

  #silence = h("div.replying", { role: "status" });

  #draw(room) {
    this.#keep();
    if (this.#room !== room) this.#reply = null;
    this.#room = room;
    const placeholder = `Message ${cleanName(room.name)}`;
    this.#area = h("textarea", {
      rows: 1, placeholder, "aria-label": placeholder, dir: "auto",
      enterkeyhint: "send", autocapitalize: "sentences", spellcheck: true,
      oninput: () => this.#input(), onkeydown: (event) => this.#key(event),
    });
    // The field keeps the focus, or a phone closes its keyboard.
    const send = h("button.icon-button.send", { type: "submit", "aria-label": "Send", onpointerdown: (event) => event.preventDefault() }, icon("send"));
    this.#suggestions = new Suggestions(this.#area, room, this.chat);
    const smile = iconButton("smile", "Emoji", ({ currentTarget }) => openPicker(currentTarget, (char) => this.#insert(char)));
    const form = h("form.write", { onsubmit: (event) => { event.preventDefault(); this.#send(); } }, this.#suggestions.node, this.uploads.picker, this.#area, smile, send);
    this.#area.value = room.draft;
    this.#replying = h("div.replying", { hidden: true });
    this.#node.replaceChildren(this.#silence, this.#replying, this.uploads.node, form);
    this.#showReply();
    this.#grow();
    // Keep the focus in the field; on a phone this must not open the keyboard.
    if (document.activeElement === document.body && matchMedia("(hover: hover)").matches) this.focus();
  }

  #editing = null; // the message whose text is in the field
  #before = ""; // what was in the field before that

  /** Puts the text of an own message into the field; what is sent replaces it. */
  edit(message, text = message.text) {
    if (!this.#area) return;
    if (!this.#editing) this.#before = this.#area.value;
    this.#editing = message;
    this.#reply = null;
    this.#area.value = text;
    this.#showReply();
    this.#grow();
    this.focus();
  }

  #endEditing() {
    this.#editing = null;
    this.#area.value = this.#before;
    this.#showReply();
    this.#grow();
  }

  #replying = null;
  #suggestions = null;

  #insert(text) {
    this.#area.setRangeText(text, this.#area.selectionStart, this.#area.selectionEnd, "end");
    this.focus();
    this.#input();
  }

  replace(...nodes) {
    this.#keep();
    this.#area = null;
    this.#node.replaceChildren(...nodes);
  }

  #keep() {
    if (!this.#area || !this.#room) return;
    this.#room.draft = this.#editing ? this.#before : this.#area.value;
    this.#editing = null;
  }

  answer(message) {
    if (this.#editing) this.#endEditing();
    this.#reply = message;
    this.#showReply();
    this.focus();
  }

  put(text) {
    if (!this.#area) return;
    this.#area.value = this.#area.value ? `${this.#area.value} ${text}` : text;
    this.#grow();
    this.focus();
  }

  #showReply() {
    if (!this.#replying) return;
    this.#replying.hidden = !this.#reply && !this.#editing;
    if (this.#editing) {
      this.#replying.replaceChildren(h("span", {}, "Editing your message"), iconButton("close", "Cancel editing", () => { this.#endEditing(); this.focus(); }));
    } else if (this.#reply) {
      this.#replying.replaceChildren(
        h("span", {}, "Replying to ", h("b", {}, cleanName(this.#reply.nick)), `: ${clean(this.#reply.text).slice(0, 120)}`),
        iconButton("close", "Cancel reply", () => { this.#reply = null; this.#showReply(); this.focus(); }),
      );
    }
  }

  #grow() {
    const area = this.#area;
    area.style.height = "auto";
    area.style.height = `${area.scrollHeight}px`;
  }

  #input() {
    this.#grow();
    this.#completion = null;
    this.#suggestions.update();
    const text = this.#area.value;
    if (this.#editing) return;
    this.#room.draft = text;
    this.chat.tell("draft", this.#room);
    const now = Date.now();
    if (!text || text.startsWith("/")) {
      if (this.#typed && !text) this.#stopTyping();
    } else if (now - this.#typed > TYPING_EVERY) {
      this.#typed = now;
      this.chat.typing(this.#room, true);
    }
  }

  #stopTyping() {
    this.#typed = 0;
    this.chat.typing(this.#room, false);
  }

  #key(event) {
    if (event.isComposing || this.#suggestions.key(event)) return;
    if (event.key === "Enter" && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      this.#send();
    } else if (event.key === "ArrowUp" && !this.#area.value && !event.shiftKey) {
      const last = this.#room.messages.findLast((message) => this.chat.mayEdit(this.#room, message));
      if (!last) return;
      event.preventDefault();
      this.edit(last);
    } else if (event.key === "Escape" && this.#editing) {
      event.stopPropagation();
      this.#endEditing();
    } else if (event.key === "Escape" && this.#reply) {
      this.#reply = null;
      this.#showReply();
    } else if (event.key === "Tab" && !event.shiftKey && this.#complete()) event.preventDefault();
  }

  /** Completes the name before the caret; false leaves Tab to the page. */
  #complete() {
    const area = this.#area;
    if (area.selectionStart !== area.selectionEnd) return false;
    if (!this.#completion) {
      const before = area.value.slice(0, area.selectionStart);
      const word = before.split(/\s/).at(-1).replace(/^@/, "");
      if (!word) return false;
      const start = before.length - word.length;
      const wanted = fold(word);
      const names = [...this.#room.members.values()].map((member) => member.nick).filter((nick) => fold(nick).startsWith(wanted) && !this.chat.isMe(nick)).sort();
      if (!names.length) return false;
      this.#completion = { names, at: -1, start, end: area.selectionStart, first: start === 0 };
    }
    const state = this.#completion;
    state.at = (state.at + 1) % state.names.length;
    const text = `${state.names[state.at]}${state.first ? ": " : " "}`;
    area.value = area.value.slice(0, state.start) + text + area.value.slice(state.end);
    state.end = state.start + text.length;
    area.selectionStart = area.selectionEnd = state.end;
    this.#grow();
    return true;
  }

  #send() {
    const text = this.#area.value.trimEnd();
    if (!text) return;
    if (this.#editing) {
      if (text !== this.#editing.text) this.change(this.#room, this.#editing, text);
      this.#endEditing();
      return;
    }
    const [word] = text.split(/\s/, 1);
    if (/^\/\w+$/.test(word) || text === "exit") {
      if (!this.command(this.#room, word.replace("/", "").toLowerCase(), text.slice(word.length).trim())) return;
    } else if (this.say(this.#room, text.replace(/^\/\//, "/"), { reply: this.#reply?.id ?? null }) === false) return;
    this.clear();
  }

  /** Empties the field: what was in it is said. */
  clear() {
    this.#area.value = "";
    this.#suggestions.close();
    this.#room.draft = "";
    this.chat.tell("draft", this.#room);
    this.#reply = null;
    this.#typed = 0;
    this.#showReply();
    this.#grow();
  }
}
