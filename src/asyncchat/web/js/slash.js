// Slash commands: the few that the page does itself, and all others, which the server does and answers in sentences. The
// table of all of them is the server's.

import { isRoom } from "./irc.js";
import { COMMANDS } from "./words.js";

const SERVER = Symbol("what the server does after all");
const LOGS_IN = new Set(["login", "register"]);
const ANSWERS = new Set(["NOTE", "FAIL"]);
const ERROR = /^[45]\d\d$/;

const words = (text, count) => {
  const found = text.trim().split(/\s+/, count).filter(Boolean);
  return [...found, text.trim().slice(found.join(" ").length).trim()];
};

const roomNamed = (name) => (isRoom(name) ? name : `#${name}`);

/** (acts, room, what follows the word) */
const OWN = {
  me: (acts, room, rest) => { if (rest) acts.say(room, rest, { action: true }); },
  join: (acts, _room, rest) => {
    const [name, key] = rest.split(/\s+/);
    if (name) acts.go(roomNamed(name), key);
    else acts.find();
  },
  msg: (acts, _room, rest) => {
    const [name] = rest.split(/\s/, 1);
    if (!name) acts.find();
    else acts.write(name, rest.slice(name.length).trim());
  },
  part: (acts, room, rest) => {
    const [name] = rest.split(/\s/, 1);
    acts.leave(isRoom(name) ? name : room.name, isRoom(name) ? rest.slice(name.length).trim() : rest);
  },
  search: (acts, room, rest) => acts.search(room, rest),
  pins: (acts, room) => (room.private ? SERVER : acts.pins(room)),
  invitecode: (acts, room, rest) => (rest || room.private ? SERVER : acts.invite(room)),
  ignore: (acts, room, rest) => acts.ignore(room, rest, true),
  unignore: (acts, room, rest) => acts.ignore(room, rest, false),
  quit: (acts) => acts.quit(),
  raw: (acts, room, rest) => acts.raw(room, rest),
};

const ALIASES = { room: "join", m: "msg", query: "msg", whisper: "msg", exit: "quit", quote: "raw" };

export class Slash {
  #acts;

  constructor(chat, acts) {
    this.chat = chat;
    this.#acts = { ...acts, raw: (room, line) => this.#raw(room, line) };
  }

  /** Does what a line asks; the answer is shown in the room. */
  async run(room, word, rest) {
    const own = OWN[ALIASES[word] ?? word];
    if (own && own(this.#acts, room, rest) !== SERVER) return undefined;
    const typed = `/${word}${rest ? ` ${rest}` : ""}`;
    if (word === "help" && !rest) return this.#answer(room, typed, this.#help());
    try {
      const lines = await this.chat.connection.askAll("SLASH", [room.name, typed]);
      if (LOGS_IN.has(word) && this.chat.connection.account) this.#acts.signedIn();
      return this.#answer(room, typed, this.#sentences(lines));
    } catch (error) {
      return this.#answer(room, typed, [`Not done: ${error.message}.`]);
    }
  }

  #help() {
    const listed = COMMANDS.map(({ usage, about }) => `${usage} — ${about}`);
    return ["What you type goes to the room. A line that begins with / is a command, one that begins with // a message that begins with /.", ...listed];
  }

  #sentences(lines) {
    const told = [];
    let begun = "";
    for (const { command, params } of lines) {
      const text = params?.at(-1) ?? "";
      if (command === "NOTE" && params[0] === "SLASH" && params[1] === "PART") begun += text;
      else if (ANSWERS.has(command) || ERROR.test(command ?? "")) {
        told.push(begun + text);
        begun = "";
      }
    }
    return told;
  }

  #answer(room, typed, told) {
    if (!told.length) return;
    const [word, ...secret] = words(typed, 1);
    // A password must not stay on the screen.
    const shown = /^\/(?:register|login|passwd|unregister|regain|owner)$/i.test(word) && secret[0] ? `${word} …` : typed;
    this.#acts.answer(room, shown, told.join("\n"));
  }

  /** Sends a line of IRC as it is; its answer is shown as it comes. */
  async #raw(room, line) {
    const [head, ...last] = line.split(" :");
    const [command, ...params] = head.split(/\s+/).filter(Boolean);
    if (!command) return;
    if (last.length) params.push(last.join(" :"));
    try {
      const lines = await this.chat.connection.askAll(command.toUpperCase(), params);
      const shown = lines.filter((item) => item.command).map((item) => `${item.command} ${item.params.slice(/^\d/.test(item.command) ? 1 : 0).join(" ")}`);
      this.#answer(room, `/raw ${line}`, shown);
    } catch (error) {
      this.#answer(room, `/raw ${line}`, [`Not done: ${error.message}.`]);
    }
  }
}
