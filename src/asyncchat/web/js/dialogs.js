// The page's dialogs: search, room list, settings and profiles; and the menu of a member.

import { avatar, failed, h, openDialog, openMenu, toast } from "./dom.js";
import { rank } from "./chat.js";
import { fold } from "./irc.js";
import { clean, cleanName, clip, rich } from "./text.js";

export const when = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

const MOST_ROOMS = 200;

export const hint = (...children) => h("p.hint", {}, ...children);

export function field(label, attributes = {}) {
  const input = h("input", { type: "text", autocomplete: "off", ...attributes });
  return { input, node: h("label.field", {}, label, input) };
}

function form(onsubmit, ...children) {
  const error = h("p.error", { role: "alert", hidden: true });
  return h("form.content", {
    onsubmit: async (event) => {
      event.preventDefault();
      error.hidden = true;
      try {
        await onsubmit();
      } catch (fault) {
        error.textContent = fault.message;
        error.hidden = false;
      }
    },
  }, ...children, error);
}

export async function ask(title, label, { button, note = "" }) {
  const { input, node } = field(label);
  let given = null;
  const content = form(() => { given = input.value.trim(); dialog.close(); }, node, note && hint(note), h("button.button", { type: "submit" }, button));
  const { dialog, done } = openDialog(title, content);
  input.select();
  await done;
  return given;
}

export async function confirm(title, text, button) {
  let sure = false;
  const content = form(() => { sure = true; dialog.close(); }, h("p", {}, text), h("button.button.danger", { type: "submit" }, button));
  const { dialog, done } = openDialog(title, content);
  await done;
  return sure;
}

export function searchDialog(chat, room, goTo) {
  const { input, node } = field("Words, or \"an exact phrase\"", { type: "search", enterkeyhint: "search" });
  const everywhere = h("input", { type: "checkbox" });
  const found = h("div", { role: "list", "aria-live": "polite" });
  let latest;
  const content = form(async () => {
    const words = input.value.trim();
    if (!words) return;
    const where = everywhere.checked ? null : room;
    const shown = latest = new Set();
    const next = async (until) => {
      const waiting = hint("Searching…");
      found.append(waiting);
      let page;
      try {
        page = await chat.search(words, where, until);
      } finally {
        waiting.remove();
      }
      if (shown !== latest) return; // another search was begun meanwhile
      const { reached, incomplete, indexing } = page;
      const messages = page.messages.filter(({ id }) => !shown.has(id));
      for (const { id } of messages) shown.add(id);
      found.append(...messages.sort((one, other) => other.time - one.time).map((message) => h("button.found", {
        onclick: () => { dialog.close(); goTo(message); },
      }, h("b", {}, cleanName(message.nick)), " ", h("time", {}, `${when.format(message.time)}${where ? "" : ` in ${cleanName(message.target)}`}`), h("div.text", {}, rich(message.text)))));
      if (incomplete) found.append(hint(`Looked back to ${when.format(new Date(reached))}${indexing ? "; the search's index is being made" : ""}.`));
      else if (!shown.size) found.append(hint("Nothing found."));
      if (!reached || reached === until) return;
      const button = h("button.button", { type: "button", onclick: () => { button.remove(); next(reached).catch((error) => found.append(hint(error.message))); } }, "Look further back");
      found.append(button);
    };
    found.replaceChildren();
    await next(null);
  }, node, h("label", {}, everywhere, " in all my rooms"), h("button.button", { type: "submit" }, "Search"), found);
  const { dialog } = openDialog(`Search ${cleanName(room.name)}`, content);
  input.focus();
}

export async function findDialog(chat, open) {
  const { input, node } = field("Room", { placeholder: "#project", spellcheck: false });
  const list = h("div", {}, hint("Loading the rooms…"));
  const content = form(() => {
    const name = input.value.trim();
    if (!name) return;
    dialog.close();
    open(name.startsWith("#") ? name : `#${name.replace(/\s+/g, "-")}`);
  }, node, h("button.button", { type: "submit" }, "Join or create"), h("h3", {}, "Public rooms"), list);
  const { dialog } = openDialog("Find a room", content);
  input.focus();
  try {
    const lines = await chat.connection.ask("LIST");
    const rooms = lines.filter((line) => line.command === "322").map(({ params }) => ({ key: fold(params[1]), name: params[1], people: Number(params[2]), topic: params[3] ?? "" }));
    rooms.sort((one, other) => other.people - one.people || (one.key < other.key ? -1 : 1));
    const draw = () => {
      const found = rooms.filter(({ key }) => key.includes(fold(input.value.trim())));
      list.replaceChildren(...found.slice(0, MOST_ROOMS).map((room) => h("button.listed", { onclick: () => { dialog.close(); open(room.name); } },
        h("span.grow", {}, h("b", {}, cleanName(room.name)), room.topic && h("small", {}, cleanName(room.topic))), h("small", {}, `${room.people}`))),
      found.length > MOST_ROOMS ? hint(`and ${found.length - MOST_ROOMS} more: write a part of the name.`) : found.length ? "" : hint(rooms.length ? "No room has such a name." : "There are no rooms yet."));
    };
    input.addEventListener("input", draw);
    draw();
  } catch (error) {
    list.replaceChildren(hint(error.message));
  }
}

export async function profileDialog(chat, nick, { write }) {
  const facts = h("dl");
  const content = h("div.content", {}, avatar(cleanName(nick)), facts, h("button.button", { onclick: () => { dialog.close(); write(nick); } }, "Write privately"));
  const { dialog } = openDialog(cleanName(nick), content);
  const add = (name, value) => { if (value) facts.append(h("dt", {}, name), h("dd", {}, clip(clean(value), 500))); };
  try {
    const lines = await chat.connection.ask("WHOIS", [nick]);
    const of = (code) => lines.find((line) => line.command === code)?.params;
    add("Name", of("311")?.[5]);
    add("Account", of("330")?.[2]);
    add("From", of("311") ? `${of("311")[2]}@${of("311")[3]}` : "");
    add("Away", of("301")?.[2]);
    add("Rooms", of("319")?.[2]);
    add("Roles", [of("313") ? "server operator" : "", of("335") ? "bot" : ""].filter(Boolean).join(", "));
    if (of("317")) {
      add("Connected since", when.format(Number(of("317")[3]) * 1000));
      add("Idle for", `${Math.floor(Number(of("317")[2]) / 60)} min`);
    }
  } catch (error) {
    facts.append(h("dt", {}, error.message));
  }
}

export function personMenu(chat, room, nick, anchor, { write, mention }) {
  const connection = chat.connection;
  const them = room?.members.get(fold(nick));
  const mine = chat.rankIn(room);
  const act = (command, ...params) => connection.ask(command, params.filter(Boolean)).catch(failed);
  const mode = (change, value = nick) => act("MODE", room.name, change, value);
  const others = !chat.isMe(nick);
  const ignored = chat.ignored.has(fold(nick));
  const items = [
    { label: "Profile", run: () => profileDialog(chat, nick, { write }) },
    others && { label: "Write privately", run: () => write(nick) },
    others && room && !room.private && { label: "Mention", run: () => mention(nick) },
    others && { label: ignored ? "Show their messages again" : "Hide their messages", run: () => chat.dispatchEvent(new CustomEvent("ignore", { detail: { nick, hide: !ignored } })) },
  ];
  if (others && them && chat.mayModerate(room)) {
    const has = (sign) => them.prefix.includes(sign);
    const above = rank(them) > mine;
    items.push(
      "-",
      !above && { label: has("+") ? "Remove voice" : "Give voice", run: () => mode(has("+") ? "-v" : "+v") },
      !above && mine >= 3 && { label: has("@") ? "Remove operator" : "Make operator", run: () => mode(has("@") ? "-o" : "+o") },
      { label: "Mute", run: () => mode("+b", `m:${nick}!*@*`) },
      { label: "Unmute", run: () => mode("-b", `m:${nick}!*@*`) },
      !above && { label: "Kick…", danger: true, run: async () => {
        const reason = await ask(`Kick ${cleanName(nick)}`, "Reason (they will see it)", { button: "Kick" });
        if (reason !== null) act("KICK", room.name, nick, reason);
      } },
      !above && { label: "Ban…", danger: true, run: async () => {
        const reason = await ask(`Ban ${cleanName(nick)}`, "Reason (they will see it)", { button: "Ban", note: "They are removed and can't join again under this name." });
        if (reason === null) return;
        await mode("+b", `${nick}!*@*`);
        act("KICK", room.name, nick, reason);
      } },
    );
  }
  openMenu(anchor, items, `Actions for ${cleanName(nick)}`);
}

export async function roomDialog(chat, room, { leave }) {
  const connection = chat.connection;
  const mine = chat.rankIn(room);
  const topic = field("Topic", { value: room.topic, maxLength: Number(connection.isupport.get("TOPICLEN")) || 390 });
  const bans = h("div", {}, hint("…"));
  const RULES = [["m", "Only people with voice may speak"], ["i", "Only invited people may join"], ["s", "Hidden from the room list"], ["t", "Only operators may set the topic"], ["n", "Only members may write"], ["C", "No CTCP requests"]];
  const holds = (letter) => room.modes.split(" ")[0].includes(letter);
  const boxes = [];
  const rules = mine >= 3 ? h("fieldset", {}, h("legend", {}, "Rules"), RULES.map(([letter, text]) => {
    const box = h("input", { type: "checkbox" });
    boxes.push([letter, box]);
    box.addEventListener("change", () => connection.ask("MODE", [room.name, `${box.checked ? "+" : "-"}${letter}`]).catch((error) => { box.checked = !box.checked; toast(error.message); }));
    return h("label.listed", {}, box, text);
  })) : null;
  const setTopic = h("div.row", {}, h("button.button", { type: "submit" }, "Set topic"));
  const showRules = () => {
    for (const [letter, box] of boxes) box.checked = holds(letter);
    setTopic.hidden = topic.input.readOnly = mine < 2 && holds("t");
  };
  const content = form(async () => {
    if (topic.input.value !== room.topic) await connection.ask("TOPIC", [room.name, topic.input.value]);
    dialog.close();
  }, topic.node, setTopic, rules, h("h3", {}, "Banned and muted"), bans,
  h("button.button.quiet", { onclick: () => { dialog.close(); leave(room); } }, "Leave this room"));
  const { dialog } = openDialog(cleanName(room.name), content);
  showRules();
  connection.ask("MODE", [room.name]).then(showRules, () => { /* keep the rules that are known */ });
  const show = async () => {
    try {
      const lines = (await connection.ask("MODE", [room.name, "+b"])).filter((line) => line.command === "367");
      bans.replaceChildren(...(lines.length ? lines.map(({ params }) => h("div.listed", {}, h("span.grow", {}, cleanName(params[2]), h("small", {}, `by ${cleanName((params[3] ?? "?").split("!")[0])}`)),
        mine >= 2 ? h("button.link", { onclick: () => connection.ask("MODE", [room.name, "-b", params[2]]).then(show, failed) }, "Remove") : null))
        : [hint("Nobody.")]));
    } catch (error) {
      bans.replaceChildren(hint(error.message));
    }
  };
  show();
}

export function settingsDialog(chat, notifier, { theme, setTheme, rename, signIn, signOut }) {
  const choice = (label, value, options, onchange) => {
    const select = h("select", { onchange: () => onchange(select.value, select) }, options.map(([key, text]) => h("option", { value: key, selected: key === value }, text)));
    return h("label.field", {}, label, select);
  };
  const { connection } = chat;
  const online = connection.state === "online";
  const leading = (label, run) => h("button.button.quiet", { onclick: () => { dialog.close(); run(); } }, label);
  const modes = [["sound", "Sound and a mark in the title"], ...(notifier.canNotify ? [["system", "System notifications"]] : []), ["off", "Off"]];
  const name = field("Name", { value: chat.nick, maxLength: 60, spellcheck: false });
  const content = form(async () => {
    if (name.input.value.trim() && name.input.value.trim() !== chat.nick) await rename(name.input.value.trim());
    dialog.close();
  },
  online && name.node,
  choice("When somebody mentions you", notifier.mode, modes, async (mode, select) => {
    if (!(await notifier.enable(mode))) {
      select.value = notifier.mode;
      toast("The browser does not allow notifications for this page.");
    }
  }),
  choice("Appearance", theme(), [["", "Same as this device"], ["light", "Light"], ["dark", "Dark"]], setTheme),
  online && h("button.button", { type: "submit" }, "Done"),
  online && !connection.account && leading("Create an account to keep this name", () => accountDialog(chat)),
  !connection.account && leading("Sign in with an account", signIn),
  online && leading("Leave the chat", signOut),
  hint("Keyboard: Ctrl K finds a room; Alt ↑ and Alt ↓ switch rooms; ↑ and ↓ select a message (R replies, E reacts, Enter opens its menu); Esc returns to the message field."));
  const { dialog } = openDialog("Settings", content);
}

function accountDialog(chat) {
  const secret = field(`Password for ${cleanName(chat.nick)}`, { type: "password", autocomplete: "new-password", minLength: 1, required: true });
  const content = form(async () => {
    await chat.connection.ask("REGISTER", ["*", "*", secret.input.value]);
    Object.assign(chat.connection.identity, { account: chat.nick, password: secret.input.value });
    dialog.close();
    toast(`The name ${cleanName(chat.nick)} now belongs to you. Sign in with its password next time.`);
  }, h("p", {}, "An account reserves this name for you on all your devices."), secret.node, h("button.button", { type: "submit" }, "Create account"));
  const { dialog } = openDialog("Create an account", content);
}
