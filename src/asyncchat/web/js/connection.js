// The connection: IRCv3 over a WebSocket. It negotiates capabilities, signs in, matches answers by label and
// reconnects. It passes on parsed messages and must not know rooms or the page.

import { format, isRoom, parse, timeOf } from "./irc.js";

const WANTED = [
  "message-tags", "server-time", "echo-message", "batch", "labeled-response", "cap-notify", "multi-prefix",
  "away-notify", "account-notify", "account-tag", "extended-join", "chghost", "invite-notify",
  "standard-replies", "draft/chathistory", "draft/event-playback", "draft/read-marker", "draft/multiline",
  "draft/message-redaction", "draft/message-edit", "draft/channel-rename", "draft/account-registration", "soju.im/search", "sasl",
  "draft/webpush", "asyncchat/sentences", "asyncchat/preferences",
];

const PING_AFTER = 25_000;
const PONG_WITHIN = 10_000;
const ANSWER_WITHIN = 20_000;
const LONGEST_WAIT = 30_000;

/** Why a request failed: the server's code and text. */
export class Refused extends Error {
  constructor(code, text) {
    super(text);
    this.code = code;
  }
}

const ERROR_NUMERIC = /^[45]\d\d$/;

export class Connection extends EventTarget {
  #socket = null;
  #caps = new Map();
  #held = new Set();
  #labels = new Map();
  #batches = new Map();
  #counter = 0;
  #attempt = 0;
  #timer = 0;
  #watch = 0;
  #heard = 0;
  #pinged = 0;

  state = "offline"; // offline | connecting | registering | online
  nick = "";
  account = "";
  namedAt = 0; // the server's time since when you have this name
  operator = false; // of the server
  isupport = new Map();

  constructor(url) {
    super();
    this.url = url;
    addEventListener("online", () => this.#check(true));
    addEventListener("offline", () => this.#lost("This device is offline"));
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.#check(true);
    });
  }

  has(capability) {
    return this.#held.has(capability);
  }

  /** A number among the values of a capability; without it there is no limit. */
  limit(capability, key) {
    return Number(new URLSearchParams(this.#caps.get(capability)?.replaceAll(",", "&")).get(key)) || Infinity;
  }

  /** What the server takes as the password of the account: the token of this device, if it has one. */
  get #secret() {
    return this.identity?.token ?? this.identity?.password ?? "";
  }

  /** Whether one came with an account, connected or not. */
  get hasAccount() {
    return Boolean(this.#secret);
  }

  /** Connects under a name, and reconnects under that name when the connection is lost. */
  open(identity) {
    this.identity = identity;
    this.nick = identity.nick;
    this.#attempt = 0;
    this.#connect();
  }

  close(reason = "") {
    this.identity = null;
    clearTimeout(this.#timer);
    if (this.state === "online") this.send("QUIT", [reason]);
    this.#drop();
    this.#become("offline", "");
  }

  /** Whether the server passes these tags of a client on to others (005: CLIENTTAGDENY). */
  passes(...tags) {
    const denied = (this.isupport.get("CLIENTTAGDENY") ?? "").split(",");
    return this.has("message-tags") && tags.every((tag) => {
      const name = tag.slice(1);
      return !denied.includes(name) && (!denied.includes("*") || denied.includes(`-${name}`));
    });
  }

  send(command, params = [], tags = null) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    const sent = Object.entries(this.has("message-tags") ? tags ?? {} : {}).filter(([tag]) => tag[0] !== "+" || this.passes(tag));
    this.#socket.send(format(command, params, Object.fromEntries(sent)));
    return true;
  }

  /** Sends a line and resolves to the messages of its answer; rejects with Refused. */
  ask(command, params = [], tags = {}) {
    return this.#expect((label) => this.send(command, params, { ...tags, label }));
  }

  /** The same, but resolves to the messages whatever they say. */
  askAll(command, params = []) {
    return this.#expect((label) => this.send(command, params, { label }), true);
  }

  /** A message of several lines under one id, where the server can; resolves to its echo. */
  askMultiline(target, lines, tags = {}) {
    return this.#expect((label) => {
      const ref = `m${label}`;
      this.send("BATCH", [`+${ref}`, "draft/multiline", target], { ...tags, label });
      for (const { text, concat } of lines) {
        this.#socket.send(`@batch=${ref}${concat ? ";draft/multiline-concat" : ""} PRIVMSG ${target} :${text}`);
      }
      return this.send("BATCH", [`-${ref}`]);
    });
  }

  #turns = []; // [room, what asks]
  #asking = false;
  looksAt = null; // the room whose requests come first

  /** One request after the other: someone with many rooms must not use up at once what the server allows. */
  inTurn(room, request) {
    return new Promise((resolve, reject) => {
      this.#turns.push([room, async () => { await Promise.resolve().then(request).then(resolve, reject); }]);
      if (!this.#asking) this.#takeTurns();
    });
  }

  async #takeTurns() {
    this.#asking = true;
    await null;
    while (this.#turns.length) {
      const at = this.#turns.findIndex(([room]) => room === this.looksAt);
      const [[, ask]] = this.#turns.splice(Math.max(at, 0), 1);
      await ask();
    }
    this.#asking = false;
  }

  #ahead = 0;

  /** The time by the server's clock, in milliseconds since 1970. */
  now() {
    return Date.now() + this.#ahead;
  }

  /** Has `act(label)` send something, and waits for the answer with that label. */
  #expect(act, whole = false) {
    const label = (this.#counter += 1).toString(36);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#settle(label, null, new Refused("TIMEOUT", "The server did not answer")), ANSWER_WITHIN);
      this.#labels.set(label, { resolve, reject, timer, whole });
      if (!act(label)) this.#settle(label, null, new Refused("OFFLINE", "Not connected"));
    });
  }

  #settle(label, messages, error = null) {
    const waiting = this.#labels.get(label);
    if (!waiting) return;
    this.#labels.delete(label);
    clearTimeout(waiting.timer);
    if (!waiting.whole) error ??= refusalIn(messages);
    if (error) waiting.reject(error);
    else waiting.resolve(messages);
  }

  #become(state, why = "") {
    this.state = state;
    this.dispatchEvent(new CustomEvent("state", { detail: { state, why } }));
  }

  #drop() {
    clearInterval(this.#watch);
    const socket = this.#socket;
    this.#socket = null;
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
      socket.close();
    }
    this.#batches.clear();
    for (const label of [...this.#labels.keys()]) this.#settle(label, null, new Refused("OFFLINE", "The connection was lost"));
  }

  #connect() {
    clearTimeout(this.#timer);
    this.#drop();
    if (!this.identity) return;
    this.#become("connecting");
    this.#caps.clear();
    this.#held.clear();
    this.isupport.clear();
    this.account = "";
    this.operator = false;
    const socket = new WebSocket(this.url, ["text.ircv3.net"]);
    this.#socket = socket;
    this.#heard = performance.now();
    this.#pinged = 0;
    this.#watch = setInterval(() => this.#check(), 5000);
    socket.onopen = () => {
      this.#opened = true;
      this.#shut = "";
      this.#greet();
    };
    socket.onmessage = ({ data }) => this.#receive(data);
    socket.onclose = ({ reason }) => {
      this.#lost(reason || this.#lastError || this.#shut || "The connection was lost");
      if (!this.#opened) this.#explain();
    };
    this.#lastError = "";
  }

  #lastError = "";
  #opened = false; // whether the server has ever let this page in
  #shut = ""; // why it does not, once that is found out

  /** Says why nothing connects where the server itself answers. */
  async #explain() {
    const answer = await fetch("icon.svg", { cache: "no-store" }).catch(() => null);
    if (answer?.ok && !this.#opened && this.state !== "registering") {
      this.#shut = "The server answers, but lets no WebSocket in. A proxy in front of it must pass Host and Upgrade on";
      this.#become(this.state, this.#shut);
    }
  }

  #lost(why) {
    this.#drop();
    if (!this.identity) return;
    const wait = Math.min(LONGEST_WAIT, 500 * 2 ** this.#attempt) * (0.75 + Math.random() / 2);
    this.#attempt += 1;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#connect(), wait);
    this.#become("offline", why);
  }

  retry() {
    if (this.identity && (!this.#socket || this.state === "connecting")) {
      this.#attempt = 0;
      this.#connect();
    }
  }

  #check(now = false) {
    if (!this.#socket) {
      if (now) this.retry();
      return;
    }
    const time = performance.now();
    if (this.#pinged && time - this.#pinged > PONG_WITHIN && this.#heard < this.#pinged) {
      this.#lost("The server does not answer");
    } else if (this.state === "online" && (now || time - this.#heard > PING_AFTER) && (!this.#pinged || this.#heard > this.#pinged)) {
      this.#pinged = time;
      this.send("PING", ["alive"]);
      if (now) setTimeout(() => this.#check(), PONG_WITHIN + 100);
    } else if (this.state !== "online" && time - this.#heard > ANSWER_WITHIN) this.#lost("The server does not answer");
  }

  #spare = "";

  #greet() {
    this.#spare = "";
    this.#become("registering");
    const { nick, serverPassword } = this.identity;
    this.send("CAP", ["LS", "302"]);
    if (serverPassword) this.send("PASS", [serverPassword]);
    this.send("NICK", [nick]);
    this.send("USER", ["web", "0", "*", nick]);
  }

  #receive(data) {
    this.#heard = performance.now();
    for (const line of data.split("\n")) {
      const message = parse(line.replace(/\r$/, ""));
      if (message) this.#route(message);
    }
  }

  #route(message) {
    const { tags, command } = message;
    const batch = this.#batches.get(tags.get("batch"));
    if (command === "BATCH") this.#batch(message);
    else if (batch) batch.messages.push(message);
    else this.#answer(tags.get("label"), command === "ACK" ? [] : [message]);
  }

  /** Gives messages to who asked for them, if somebody did, and handles them: what a service answers is told to nobody else. */
  #answer(label, messages) {
    const asked = this.#labels.has(label);
    this.#settle(label, messages);
    for (const message of messages) {
      const told = asked && message.command === "NOTICE" && !isRoom(message.params[0]);
      if (message.command && !told) this.#handle(message);
    }
  }

  #batch(message) {
    const name = message.params[0] ?? "";
    const ref = name.slice(1);
    if (name.startsWith("+")) {
      this.#batches.set(ref, { type: message.params[1], params: message.params.slice(2), head: message, messages: [] });
      return;
    }
    const batch = this.#batches.get(ref);
    if (!batch) return;
    this.#batches.delete(ref);
    const whole = batch.type === "draft/multiline" ? joined(batch) : batch;
    const parent = this.#batches.get(batch.head.tags.get("batch"));
    if (parent) {
      parent.messages.push(whole);
      return;
    }
    const label = batch.head.tags.get("label");
    const messages = batch.type === "labeled-response" ? batch.messages : [whole];
    if (!this.#labels.has(label) && !whole.command) this.dispatchEvent(new CustomEvent("batch", { detail: whole }));
    else this.#answer(label, messages);
  }

  #handle(message) {
    const { command, params } = message;
    this.#own[command]?.call(this, params, message);
    if (["432", "433", "437"].includes(command)) this.#refuseName(command, params.at(-1));
    if (["464", "465", "904", "905"].includes(command)) this.#refuse(command, params.at(-1));
    this.dispatchEvent(new CustomEvent("message", { detail: message }));
  }

  #own = {
    PING(params) { this.send("PONG", [params.at(-1) ?? ""]); },
    ERROR(params) {
      const text = params.at(-1) ?? "";
      this.#lastError = text.endsWith("]") ? text.slice(text.indexOf("[") + 1, -1) : text; // the rest is for clients of IRC
    },
    CAP(params) { this.#capabilities(params); },
    AUTHENTICATE(params) { this.#authenticate(params[0]); },
    "001"(params, { tags }) {
      this.nick = params[0];
      this.namedAt = timeOf(tags);
      this.#ahead = this.namedAt - Date.now();
      this.#attempt = 0;
      this.identity.confirmed = true;
    },
    "005"(params) {
      for (const word of params.slice(1, -1)) {
        const [key, ...value] = word.split("=");
        if (key.startsWith("-")) this.isupport.delete(key.slice(1));
        else this.isupport.set(key, value.join("=").replace(/\\x([0-9A-Fa-f]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16))));
      }
    },
    221([, modes]) { this.#isOperator(modes.includes("o")); },
    MODE([target, modes]) { if (target === this.nick && modes.includes("o")) this.#isOperator(modes.startsWith("+")); },
    376() { this.#arrive(); },
    422() { this.#arrive(); },
    900(params) { this.account = params[2] ?? ""; },
    901() { this.account = ""; },
    ACCOUNT([account], { source }) { if (source?.nick === this.nick) this.account = account === "*" ? "" : account; },
    903() { this.send("CAP", ["END"]); },
    NICK(params, { source, tags }) {
      if (source?.nick !== this.nick) return;
      this.nick = params[0];
      this.namedAt = timeOf(tags);
      if (!this.identity) return;
      if (this.#secret) this.identity.account ||= this.identity.nick;
      if (!this.#spare) this.identity.nick = params[0];
      if (this.identity.nick === params[0]) this.#spare = "";
    },
    QUIT(_params, { source }) {
      if (this.identity && source?.nick === this.identity.nick && this.nick !== source.nick) this.send("NICK", [source.nick]);
    },
    FAIL(params) {
      if (this.state === "registering" && params[0] === "NICK") this.#refuseName(params[1], params.at(-1));
    },
  };

  #isOperator(on) {
    this.operator = on;
    this.dispatchEvent(new CustomEvent("operator"));
  }

  #arrive() {
    if (this.state === "online") return;
    this.#become("online");
    if (this.account) this.send("MODE", [this.nick]); // another device may have made you an operator
  }

  #refuseName(code, text) {
    if (this.state !== "registering") return;
    const owned = !this.namedAt && /account|reserved/i.test(text); // and this page was not let in before
    if (this.identity.confirmed && !this.#secret && code !== "432" && !owned) {
      // Our own earlier connection may still have the name: use another one until it is free.
      if (this.#spare.length >= 4) {
        this.#lost(text);
        return;
      }
      this.#spare += "_";
      this.send("NICK", [[...this.identity.nick].slice(0, 32 - this.#spare.length).join("") + this.#spare]);
      return;
    }
    this.#refuse(code, text);
  }

  #refuse(code, text) {
    if (this.state !== "registering") return;
    const identity = this.identity;
    this.identity = null;
    this.#drop();
    this.#become("offline", text);
    this.dispatchEvent(new CustomEvent("refused", { detail: { code, text, identity } }));
  }

  #capabilities(params) {
    const [, sub] = params;
    const words = (params.at(-1) ?? "").split(" ").filter(Boolean);
    if (sub === "LS" || sub === "NEW") {
      for (const word of words) {
        const [name, ...value] = word.split("=");
        this.#caps.set(name, value.join("="));
      }
      if (sub === "LS" && params[2] === "*" && params.length > 3) return;
      const wanted = WANTED.filter((name) => this.#caps.has(name) && !this.#held.has(name) && (name !== "sasl" || this.#secret));
      for (let from = 0; from < wanted.length; from += 12) this.send("CAP", ["REQ", wanted.slice(from, from + 12).join(" ")]);
      this.#awaited = Math.ceil(wanted.length / 12);
      if (!wanted.length && sub === "LS") this.send("CAP", ["END"]);
    } else if (sub === "ACK" || sub === "NAK") {
      if (sub === "ACK") words.forEach((name) => this.#held.add(name));
      this.#awaited -= 1;
      if (this.#awaited <= 0 && this.state === "registering") this.#negotiated();
    } else if (sub === "DEL") {
      words.forEach((name) => { this.#caps.delete(name); this.#held.delete(name); });
    }
  }

  #awaited = 0;

  #negotiated() {
    if (!this.#secret) this.send("CAP", ["END"]);
    else if (this.has("sasl")) this.send("AUTHENTICATE", ["PLAIN"]);
    else this.#refuse("904", "This server has no accounts to sign in with");
  }

  #authenticate(word) {
    if (word !== "+" || !this.#secret) return;
    const { account, nick } = this.identity;
    const bytes = new TextEncoder().encode(`\0${account || nick}\0${this.#secret}`);
    const text = btoa(String.fromCharCode(...bytes));
    for (let from = 0; from <= text.length; from += 400) {
      const chunk = text.slice(from, from + 400);
      this.send("AUTHENTICATE", [chunk || "+"]);
      if (chunk.length < 400) break;
    }
  }
}

function joined(batch) {
  const first = batch.messages[0];
  const text = batch.messages.reduce(
    (sum, item, index) => sum + (index && !item.tags.has("draft/multiline-concat") ? "\n" : "") + (item.params[1] ?? ""),
    "",
  );
  const tags = new Map([...(first?.tags ?? []), ...batch.head.tags]);
  tags.delete("batch");
  if (batch.head.tags.has("batch")) tags.set("batch", batch.head.tags.get("batch"));
  return {
    tags,
    source: batch.head.source ?? first?.source ?? null,
    command: first?.command ?? "PRIVMSG",
    params: [batch.params[0], text],
  };
}

/** What one of these lines refuses; null if none does. */
export function refusalIn(messages) {
  for (const { command, params } of messages ?? []) {
    if (command === "FAIL") return new Refused(params[1], params.at(-1));
    if (ERROR_NUMERIC.test(command ?? "") && command !== "422") return new Refused(command, params.at(-1));
  }
  return null;
}

