// What each line of the server changes in the chat: one function for each command. It must not know the page, and asks
// nothing by itself but what belongs to a JOIN.

import { fold, isRoom, timeOf } from "./irc.js";
import { changesOf, modesInWords } from "./modes.js";
import { entry, numberOf } from "./room.js";
import { cleanName } from "./text.js";

const TYPING_SECONDS = 6;

/** A line as a message to show; null if it is none. */
export function messageOf(chat, { tags, source, command, params }) {
  if (command !== "PRIVMSG" && command !== "NOTICE") return null;
  let text = params[1] ?? "";
  let kind = command === "NOTICE" ? "notice" : "message";
  if (text.startsWith("\u0001")) {
    if (!text.startsWith("\u0001ACTION ")) return null;
    text = text.slice(8).replace(/\u0001$/, "");
    kind = "action";
  }
  return entry({
    id: tags.get("msgid") ?? "", time: timeOf(tags), nick: source?.nick ?? "", text, kind,
    account: tags.get("account") ?? "", bot: tags.has("bot"), target: params[0],
    reply: tags.get("+draft/reply") ?? tags.get("+reply") ?? null,
    self: chat.isMe(source?.nick ?? ""), edit: Number(tags.get("asyncchat/edits")?.split(",").at(-1) ?? 0),
  });
}

function event(chat, room, item, text, { about = "", presence = "" } = {}) {
  const added = room.add(entry({
    id: item.tags.get("msgid") ?? "", time: timeOf(item.tags), nick: cleanName(about || item.source?.nick || ""), text, kind: "event", presence,
  }), !item.past);
  if (added && !item.past) chat.added(room, { live: true });
}

function everywhere(chat, nick, act) {
  const key = fold(nick);
  for (const room of chat.rooms.values()) {
    if (!room.members.has(key)) continue;
    act(room, room.members.get(key), key);
    chat.tell("members", room);
  }
}

function set(chat, name, values) {
  const room = chat.find(name);
  if (!room) return;
  Object.assign(room, values);
  chat.tell("room", room);
}

/** Where something belongs that is said now: its room, or the conversation with the other person. */
function roomOf(chat, target, nick) {
  const bare = target.replace(/^[~&@%+]+/, "");
  if (isRoom(bare)) return chat.find(bare);
  if (!nick || nick.includes(".")) return null;
  return chat.room(chat.isMe(nick) ? bare : nick);
}

function said(chat, item, past, known) {
  const { source, params, tags } = item;
  const message = messageOf(chat, item);
  if (!message || chat.ignored.has(fold(message.nick))) return;
  const server = !source || (item.command === "NOTICE" && (source.nick.includes(".") || !chat.nick));
  if (server && !isRoom(params[0])) {
    chat.tell("told", null, { text: message.text });
    return;
  }
  const room = past ? known : roomOf(chat, tags.get("+draft/channel-context") ?? params[0], source.nick);
  const about = tags.get("asyncchat/edit");
  if (room && about) {
    const changed = room.edit(about, message.text, numberOf(message.id));
    if (changed) chat.changed(room, changed);
    return;
  }
  if (!room || !room.add(message, !past) || past) return;
  room.typing.delete(fold(message.nick));
  if (room.countLive(message, (one) => chat.calls(one))) chat.tell("unread", room);
  chat.added(room, { live: true });
  if (!message.self) chat.tell("said", room, { message, called: room.private || chat.calls(message) });
}

/** Takes a notice about a pin; false for any other notice. */
function pinChanged(chat, item, room) {
  const id = item.tags.get("asyncchat/pin");
  const off = item.tags.get("asyncchat/unpin");
  if (!room || !(id || off)) return false;
  const [by, ...did] = item.params[1].split(" ");
  event(chat, room, item, did.join(" "), { about: by });
  const { nick, time, text } = room.byId.get(id) ?? {};
  if (off) chat.unpinned(room, off);
  else if (nick) {
    room.pins = [...room.pins, { id, nick, time, by, text: text.split("\n")[0] }];
    chat.tell("pins", room);
  } else chat.askPins(room);
  return true;
}

function modesChanged(chat, room, params) {
  const { isupport } = chat.connection;
  const [roles, signs] = isupport.get("PREFIX").slice(1).split(")");
  const flags = isupport.get("CHANMODES").split(",")[3];
  for (const [letter, on, param] of changesOf(params, isupport)) {
    if (roles.includes(letter)) {
      const member = room.members.get(fold(param));
      const sign = signs[roles.indexOf(letter)];
      if (member) {
        const held = new Set(member.prefix);
        if (on) held.add(sign);
        else held.delete(sign);
        member.prefix = [...signs].filter((char) => held.has(char)).join("");
      }
    } else if (flags.includes(letter)) room.modes = (on ? letter : "") + room.modes.replace(letter, "");
  }
  room.silence = "";
  chat.tell("members", room);
}

/** By command: (chat, line, past, room); `past`: the line is read from the history. */
const RULES = {
  PRIVMSG: said,
  NOTICE(chat, item, past, room) {
    if (item.tags.has("asyncchat/invite")) return; // the answer to whoever asked
    if (past || !pinChanged(chat, item, room)) said(chat, item, past, room);
  },
  TAGMSG(chat, item, past, known) {
    const { tags, source, params } = item;
    const room = past ? known : roomOf(chat, params[0], source?.nick ?? "");
    if (!room || !source || chat.ignored.has(fold(source.nick))) return;
    const typing = tags.get("+typing");
    if (typing && !past && !chat.isMe(source.nick)) {
      if (typing === "active") room.typing.set(fold(source.nick), { nick: source.nick, until: Date.now() + TYPING_SECONDS * 1000 });
      else room.typing.delete(fold(source.nick));
      chat.tell("typing", room);
    }
    const about = tags.get("+draft/reply") ?? tags.get("+reply");
    if (!about) return;
    for (const [tag, on] of [["+draft/react", true], ["+draft/unreact", false]]) {
      const reaction = tags.get(tag);
      const message = reaction && room.react(about, reaction, source.nick, on, numberOf(tags.get("msgid") ?? ""));
      if (message && !past) chat.tell("changed", room, { message });
    }
  },
  REDACT(chat, item, past, known) {
    const room = past ? known : roomOf(chat, item.params[0], item.source?.nick ?? "");
    if (room) chat.unpinned(room, item.params[1]);
    const message = room?.byId.get(item.params[1]);
    if (!message) {
      const about = room?.unreact(numberOf(item.params[1]));
      if (about && !past) chat.tell("changed", room, { message: about });
      return;
    }
    message.redacted = item.source?.nick ?? "";
    message.text = "";
    chat.tell("changed", room, { message });
    chat.count(room);
  },
  MARKREAD(chat, { params }, _past, room) {
    if (!room) return;
    if (params[1] === "*") chat.readFromNow(room);
    const time = Date.parse(params[1]?.replace("timestamp=", "") ?? "");
    if (!(time > room.marker)) return;
    room.marker = time;
    chat.count(room);
  },
  PREFERENCES(chat, { params }) { chat.chosen(...params); },
  JOIN(chat, item, past, known) {
    const { source, params, tags } = item;
    if (!past && chat.isMe(source.nick)) {
      chat.joined(params[0], timeOf(tags));
      return;
    }
    if (!known) return;
    if (!past) {
      const account = tags.get("account") ?? (params[1] && params[1] !== "*" ? params[1] : "");
      known.members.set(fold(source.nick), { nick: source.nick, prefix: "", away: "", account });
      chat.tell("members", known);
    }
    event(chat, known, item, "joined", { presence: "join" });
  },
  PART(chat, item, past, room) {
    const { source, params } = item;
    if (!room) return;
    if (!past && chat.isMe(source.nick)) {
      room.joined = false;
      room.parted = true;
      room.members.clear();
      chat.tell("room", room);
      return;
    }
    if (!past && room.members.delete(fold(source.nick))) chat.tell("members", room);
    event(chat, room, item, params[1] ? `left: ${params[1]}` : "left", { presence: "part" });
  },
  QUIT(chat, item, past, known) {
    const why = item.params[0] && item.params[0] !== "Quit" ? `left: ${item.params[0]}` : "left";
    if (past) return event(chat, known, item, why, { presence: "part" });
    return everywhere(chat, item.source.nick, (room, _member, key) => {
      room.members.delete(key);
      room.typing.delete(key);
      event(chat, room, item, why, { presence: "part" });
    });
  },
  NICK(chat, item, past, known) {
    const { source, params } = item;
    const text = `is now called ${cleanName(params[0])}`;
    if (past) return event(chat, known, item, text);
    everywhere(chat, source.nick, (room, member, key) => {
      room.members.delete(key);
      room.members.set(fold(params[0]), { ...member, nick: params[0] });
      event(chat, room, item, text);
    });
    const conversation = chat.find(source.nick);
    if (conversation?.private && !chat.find(params[0])) chat.rename(conversation, params[0]);
    return chat.tell("me");
  },
  KICK(chat, item, past, room) {
    const { source, params } = item;
    if (!room) return;
    const reason = params[2] && params[2] !== source.nick ? `: ${params[2]}` : "";
    if (!past) {
      if (chat.isMe(params[1])) {
        room.joined = false;
        room.members.clear();
        room.refusal = `${cleanName(source.nick)} removed you${reason}`;
        chat.tell("room", room);
      } else {
        room.members.delete(fold(params[1]));
        chat.tell("members", room);
      }
    }
    event(chat, room, item, `was removed by ${cleanName(source.nick)}${reason}`, { about: params[1] });
  },
  TOPIC(chat, item, past, room) {
    if (!room) return;
    if (!past) set(chat, room.name, { topic: item.params[1] ?? "" });
    event(chat, room, item, item.params[1] ? `set the topic: ${item.params[1]}` : "removed the topic");
  },
  MODE(chat, item, past, room) {
    const { params } = item;
    if (!room || !isRoom(params[0])) return;
    if (!past) modesChanged(chat, room, params.slice(1));
    event(chat, room, item, modesInWords(params.slice(1), chat.connection.isupport));
  },
  RENAME(chat, item, past, room) {
    const now = item.params[1];
    if (!room || past) return;
    chat.rename(room, now);
    chat.tell("room", room);
    event(chat, room, item, `renamed the room to ${now}`);
  },
  AWAY(chat, item, past) {
    if (past) return;
    everywhere(chat, item.source.nick, (_room, member) => { member.away = item.params[0] ?? ""; });
  },
  ACCOUNT(chat, item) {
    everywhere(chat, item.source.nick, (_room, member) => { member.account = item.params[0] === "*" ? "" : item.params[0]; });
    chat.tell("me");
  },
  INVITE(chat, item) {
    const [who, name] = item.params;
    if (chat.isMe(who)) chat.tell("invited", null, { name, by: item.source.nick });
  },
  331(chat, { params }) { set(chat, params[1], { topic: "" }); },
  332(chat, { params }) { set(chat, params[1], { topic: params[2] }); },
  324(chat, { params }) { set(chat, params[1], { modes: params.slice(2).join(" ") }); },
  786(chat, { params }) {
    const [, name, id, nick, said, by, , text = ""] = params;
    chat.find(name)?.listedPins.push({ id, nick, time: Number(said) * 1000, by, text });
  },
  787(chat, { params }) {
    const room = chat.find(params[1]);
    if (!room) return;
    room.pins = room.listedPins;
    room.listedPins = [];
    chat.tell("pins", room);
  },
  353(chat, item) {
    const room = chat.find(item.params[2]);
    if (!room) return;
    for (const word of item.params[3].split(" ").filter(Boolean)) {
      const [name] = word.split("!");
      const nick = name.replace(/^[~&@%+]+/, "");
      const prefix = name.slice(0, name.length - nick.length);
      const known = room.members.get(fold(nick));
      room.members.set(fold(nick), { away: "", account: "", ...known, nick, prefix });
    }
  },
  366(chat, item) {
    const room = chat.find(item.params[1]);
    if (room) chat.tell("members", room);
  },
};

/** Takes a line, or all lines of a batch. `room`: where a line of the history belongs. */
export function take(chat, item, { past = false, room = null } = {}) {
  if (item.type) item.messages.forEach((inner) => take(chat, inner, { past, room }));
  else {
    item.past = past;
    RULES[item.command]?.(chat, item, past, room ?? chat.find(item.params[0] ?? ""));
  }
}
