// The page's dialogs: search, room list, settings and profiles; and the menu of a member.

import { avatar, h, openDialog, openMenu, toast } from "./dom.js";
import { fold } from "./irc.js";
import { rank } from "./chat.js";
import { cleanName, rich } from "./text.js";

export const when = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

function field(label, attributes = {}) {
  const input = h("input", { type: "text", autocomplete: "off", ...attributes });
  return { input, node: h("label.field", {}, label, input) };
}

function form(onsubmit, ...children) {
  const error = h("p.error", { role: "alert", hidden: true });
  const node = h("form.content", {
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
  return node;
}

/** Asks for one value; resolves to it, or null. */
export async function ask(title, label, { value = "", button = "OK", hint = "" } = {}) {
  const { input, node } = field(label, { value });
  let given = null;
  const content = form(() => { given = input.value.trim(); dialog.close(); }, node, hint ? h("p.hint", {}, hint) : null, h("button.button", { type: "submit" }, button));
  const { dialog, done } = openDialog(title, content);
  input.select();
  await done;
  return given;
}

/** Asks for confirmation of something that can't be undone. */
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
  const content = form(async () => {
    const words = input.value.trim();
    if (!words) return;
    found.replaceChildren(h("p.hint", {}, "Searching…"));
    const messages = await chat.search(words, everywhere.checked ? null : room);
    found.replaceChildren(...(messages.length ? messages.sort((one, other) => other.time - one.time).map((message) => h("button.found", {
      type: "button", onclick: () => { dialog.close(); goTo(message); },
    }, h("b", {}, cleanName(message.nick)), " ", h("time", {}, `${when.format(message.time)}${everywhere.checked ? ` in ${cleanName(message.target)}` : ""}`), h("div.text", {}, rich(message.text))))
      : [h("p.hint", {}, "Nothing found.")]));
  }, node, h("label", {}, everywhere, " in all my rooms"), h("button.button", { type: "submit" }, "Search"), found);
  const { dialog } = openDialog(`Search ${cleanName(room.name)}`, content);
  input.focus();
}

export async function findDialog(chat, open) {
  const { input, node } = field("Room", { placeholder: "#project", spellcheck: false });
  const list = h("div", {}, h("p.hint", {}, "Loading the rooms…"));
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
    const rooms = lines.filter((line) => line.command === "322").map(({ params }) => ({ name: params[1], people: Number(params[2]), topic: params[3] ?? "" }));
    rooms.sort((one, other) => other.people - one.people || one.name.localeCompare(other.name));
    list.replaceChildren(...rooms.slice(0, 200).map((room) => h("button.listed", { type: "button", onclick: () => { dialog.close(); open(room.name); } },
      h("span.grow", {}, h("b", {}, cleanName(room.name)), room.topic ? h("small", {}, cleanName(room.topic)) : null), h("small", {}, `${room.people}`))));
    if (!rooms.length) list.replaceChildren(h("p.hint", {}, "There are no rooms yet."));
  } catch (error) {
    list.replaceChildren(h("p.hint", {}, error.message));
  }
}

export async function profileDialog(chat, nick, { write }) {
  const facts = h("dl");
  const content = h("div.content", {}, avatar(cleanName(nick)), facts, h("button.button", { type: "button", onclick: () => { dialog.close(); write(nick); } }, "Write privately"));
  const { dialog } = openDialog(cleanName(nick), content);
  const add = (name, value) => { if (value) facts.append(h("dt", {}, name), h("dd", {}, value)); };
  try {
    const lines = await chat.connection.ask("WHOIS", [nick]);
    const of = (code) => lines.find((line) => line.command === code)?.params;
    add("Name", of("311") ? cleanName(of("311")[5] ?? "") : "");
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

/** The menu of a member, with the moderation that you are allowed. */
export function personMenu(chat, room, nick, anchor, { write, mention }) {
  const connection = chat.connection;
  const me = room?.members.get(fold(chat.nick));
  const them = room?.members.get(fold(nick));
  const mine = rank(me);
  const act = (command, ...params) => connection.ask(command, params).catch((error) => toast(error.message));
  const mode = (change, value = nick) => act("MODE", room.name, change, value);
  const others = !chat.isMe(nick);
  const ignored = chat.ignored.has(fold(nick));
  const items = [
    { label: "Profile", run: () => profileDialog(chat, nick, { write }) },
    others && { label: "Write privately", run: () => write(nick) },
    others && room && !room.private && { label: "Mention", run: () => mention(nick) },
    others && { label: ignored ? "Show their messages again" : "Hide their messages", run: () => chat.dispatchEvent(new CustomEvent("ignore", { detail: { nick, on: !ignored } })) },
  ];
  if (others && room && !room.private && them && mine >= 2) {
    const has = (sign) => them.prefix.includes(sign);
    items.push(
      "-",
      { label: has("+") ? "Remove voice" : "Give voice", run: () => mode(has("+") ? "-v" : "+v") },
      mine >= 3 && { label: has("@") ? "Remove operator" : "Make operator", run: () => mode(has("@") ? "-o" : "+o") },
      { label: "Mute", run: () => mode("+b", `m:${nick}!*@*`) },
      { label: "Unmute", run: () => mode("-b", `m:${nick}!*@*`) },
      { label: "Kick…", danger: true, run: async () => {
        const reason = await ask(`Kick ${cleanName(nick)}`, "Reason (they will see it)", { button: "Kick" });
        if (reason !== null) act("KICK", room.name, nick, ...(reason ? [reason] : []));
      } },
      { label: "Ban…", danger: true, run: async () => {
        const reason = await ask(`Ban ${cleanName(nick)}`, "Reason (they will see it)", { button: "Ban", hint: "They are removed and can't join again under this name." });
        if (reason === null) return;
        await mode("+b", `${nick}!*@*`);
        act("KICK", room.name, nick, ...(reason ? [reason] : []));
      } },
    );
  }
  openMenu(anchor, items, `Actions for ${cleanName(nick)}`);
}

/** A room's settings: topic, rules, bans. */
export async function roomDialog(chat, room, { leave }) {
  const connection = chat.connection;
  const mine = rank(room.members.get(fold(chat.nick)));
  const topic = field("Topic", { value: room.topic, maxLength: Number(connection.isupport.get("TOPICLEN")) || 390 });
  const bans = h("div", {}, h("p.hint", {}, "…"));
  const RULES = [["m", "Only people with voice may speak"], ["i", "Only invited people may join"], ["s", "Hidden from the room list"], ["t", "Only operators may set the topic"], ["n", "Only members may write"], ["C", "No CTCP requests"]];
  const rules = mine >= 3 ? h("fieldset", {}, h("legend", {}, "Rules"), RULES.map(([letter, text]) => {
    const box = h("input", { type: "checkbox", checked: room.modes.split(" ")[0].includes(letter) });
    box.addEventListener("change", () => connection.ask("MODE", [room.name, `${box.checked ? "+" : "-"}${letter}`]).catch((error) => { box.checked = !box.checked; toast(error.message); }));
    return h("label.listed", {}, box, text);
  })) : null;
  const content = form(async () => {
    if (topic.input.value !== room.topic) await connection.ask("TOPIC", [room.name, topic.input.value]);
    dialog.close();
  }, topic.node, h("div.row", {}, h("button.button", { type: "submit" }, "Set topic")), rules, h("h3", {}, "Banned and muted"), bans,
  h("button.button.quiet", { type: "button", onclick: () => { dialog.close(); leave(room); } }, "Leave this room"));
  const { dialog } = openDialog(cleanName(room.name), content);
  connection.ask("MODE", [room.name]).catch(() => { /* keep the rules that are known */ });
  const show = async () => {
    try {
      const lines = (await connection.ask("MODE", [room.name, "+b"])).filter((line) => line.command === "367");
      bans.replaceChildren(...(lines.length ? lines.map(({ params }) => h("div.listed", {}, h("span.grow", {}, params[2], h("small", {}, `by ${cleanName((params[3] ?? "?").split("!")[0])}`)),
        mine >= 2 ? h("button.link", { type: "button", onclick: () => connection.ask("MODE", [room.name, "-b", params[2]]).then(show, (error) => toast(error.message)) }, "Remove") : null))
        : [h("p.hint", {}, "Nobody.")]));
    } catch (error) {
      bans.replaceChildren(h("p.hint", {}, error.message));
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
  const modes = [["sound", "Sound and a mark in the title"], ...(notifier.canNotify ? [["system", "System notifications"]] : []), ["off", "Off"]];
  const name = field("Name", { value: chat.nick, maxLength: 60, spellcheck: false });
  const content = form(async () => {
    if (name.input.value.trim() && name.input.value.trim() !== chat.nick) await rename(name.input.value.trim());
    dialog.close();
  },
  connection.state === "online" ? name.node : null,
  choice("When somebody mentions you", notifier.mode, modes, async (mode, select) => {
    if (!(await notifier.enable(mode))) {
      select.value = notifier.mode;
      toast("The browser does not allow notifications for this page.");
    }
  }),
  choice("Appearance", theme(), [["", "Same as this device"], ["light", "Light"], ["dark", "Dark"]], setTheme),
  connection.state === "online" ? h("button.button", { type: "submit" }, "Done") : null,
  connection.state === "online" && !connection.account ? h("button.button.quiet", { type: "button", onclick: () => { dialog.close(); accountDialog(chat); } }, "Create an account to keep this name") : null,
  connection.account ? null : h("button.button.quiet", { type: "button", onclick: () => { dialog.close(); signIn(); } }, "Sign in with an account"),
  connection.state === "online" ? h("button.button.quiet", { type: "button", onclick: () => { dialog.close(); signOut(); } }, "Leave the chat") : null,
  h("p.hint", {}, "Keyboard: Ctrl K finds a room; Alt ↑ and Alt ↓ switch rooms; ↑ and ↓ select a message (R replies, E reacts, Enter opens its menu); Esc returns to the message field."));
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
