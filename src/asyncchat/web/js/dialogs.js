// The page's dialogs: search, room list, settings and profiles; and the menu of a member.

import { avatar, failed, h, openDialog, openMenu, toast } from "./dom.js";
import { rank } from "./chat.js";
import { fold } from "./irc.js";
import { meantBy } from "./modes.js";
import { numberOf } from "./room.js";
import { clean, cleanName, clip, markWords, rich, wordsOf } from "./text.js";
import { RULES } from "./words.js";

const SWITCHES = ["m", "i", "s", "t", "n", "C"]; // the rules of a room that have a switch

const capital = (text) => text[0].toUpperCase() + text.slice(1);

export const when = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

export const hint = (...children) => h("p.hint", {}, ...children);

export function field(label, attributes = {}) {
  const input = h("input", { type: "text", autocomplete: "off", ...attributes });
  return { input, node: h("label.field", {}, label, input) };
}

export function form(onsubmit, ...children) {
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
  const { input, node } = field(label, { autofocus: true });
  let given = null;
  const content = form(() => { given = input.value.trim(); dialog.close(); }, node, note && hint(note), h("button.button", { type: "submit" }, button));
  const { dialog, done } = openDialog(title, content);
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

/** The first moment of the day of a date field, so many days later; 0: none is chosen. */
function dayOf(input, later = 0) {
  const day = input.valueAsDate;
  return day ? new Date(day.getUTCFullYear(), day.getUTCMonth(), day.getUTCDate() + later).getTime() : 0;
}

export function searchDialog(chat, room, goTo, words = "") {
  const { input, node } = field("Words, or \"an exact phrase\"", { type: "search", enterkeyhint: "search" });
  const sender = field("From", { placeholder: "anybody", spellcheck: false, autocapitalize: "off" });
  const first = field("Since", { type: "date" });
  const last = field("Until", { type: "date" });
  const everywhere = h("input", { type: "checkbox", onchange: () => content.requestSubmit() });
  const found = h("div", { "aria-live": "polite" });
  let latest;
  const row = (message, where, words) => h("button.found", { onclick: () => { dialog.close(); goTo(message); } },
    h("b", {}, cleanName(message.nick)), " ",
    h("time", {}, `${when.format(message.time)}${where ? "" : ` in ${cleanName(message.target)}`}`),
    h("div.text", {}, markWords(rich(message.text), words)));
  const content = form(async () => {
    const words = input.value.trim();
    const from = sender.input.value.trim();
    const after = dayOf(first.input);
    const until = dayOf(last.input, 1);
    if (!words && !from && !after && !until) return;
    const where = everywhere.checked ? null : room;
    const shown = latest = new Set();
    const next = async (before) => {
      const waiting = hint("Searching…");
      found.append(waiting);
      let page;
      try {
        page = await chat.history.search(words, where, before, { from, after });
      } finally {
        waiting.remove();
      }
      if (shown !== latest) return; // another search was begun meanwhile
      const { reached, incomplete, indexing } = page;
      const messages = page.messages.filter(({ id }) => !shown.has(id));
      for (const { id } of messages) shown.add(id);
      found.append(...messages.sort((one, other) => other.time - one.time || numberOf(other.id) - numberOf(one.id)).map((message) => row(message, where, wordsOf(words))));
      if (incomplete) found.append(hint(`Looked back to ${when.format(new Date(reached))}${indexing ? "; the search's index is being made" : ""}.`));
      else if (!shown.size) found.append(hint("Nothing found."), where ? h("button.button.quiet", { type: "button", onclick: () => everywhere.click() }, "Search all my rooms") : "");
      if (!reached || reached === before) return;
      const button = h("button.button", { type: "button", onclick: () => { button.remove(); next(reached).catch((error) => found.append(hint(error.message))); } }, incomplete ? "Look further back" : "Show more");
      found.append(button);
    };
    found.replaceChildren();
    await next(until ? new Date(until - 1).toISOString() : null);
  }, node, h("div.filters", {}, sender.node, first.node, last.node), h("label", {}, everywhere, " in all my rooms"), h("button.button", { type: "submit" }, "Search"), found);
  content.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const stops = [input, ...found.querySelectorAll(".found")];
    const at = stops.indexOf(event.target);
    if (!step || at < 0 || !stops[at + step]) return;
    stops[at + step].focus();
    event.preventDefault();
  });
  const { dialog } = openDialog(`Search ${cleanName(room.name)}`, content);
  input.focus();
  input.value = words;
  if (words) content.requestSubmit();
}

/** The texts that a message had. */
export async function versionsDialog(chat, room, message) {
  const versions = await chat.versions(room, message);
  openDialog(`Texts of a message by ${cleanName(message.nick)}`, h("div.content", {}, h("ol", {}, versions.map(({ time, text }, index) => h("li.found", {},
    h("time", {}, `${when.format(time)}${index === versions.length - 1 ? ", now" : ""}`), h("div", {}, rich(text)))))));
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

/** The entry by which a room mutes somebody; null: there is none. */
async function muteOf(chat, room, nick) {
  const lines = await chat.connection.ask("MODE", [room.name, "+b"]).catch(() => []);
  const masks = lines.filter(({ command }) => command === "367").map(({ params }) => params[2]);
  return masks.find((mask) => { const { mute, whom } = meantBy(mask); return mute && fold(whom) === fold(nick); }) ?? null;
}

export async function personMenu(chat, room, nick, anchor, { write, mention, hide, administer }) {
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
    others && { label: ignored ? "Show their messages again" : "Hide their messages", run: () => hide(nick, !ignored) },
  ];
  if (others && them && chat.mayModerate(room)) {
    const has = (sign) => them.prefix.includes(sign);
    const above = rank(them) > mine;
    const mask = await muteOf(chat, room, nick);
    items.push(
      "-",
      !above && { label: has("+") ? "Remove voice" : "Give voice", run: () => mode(has("+") ? "-v" : "+v") },
      !above && mine >= 3 && { label: has("@") ? "Remove operator" : "Make operator", run: () => mode(has("@") ? "-o" : "+o") },
      mask ? { label: "Unmute", run: () => mode("-b", mask) } : { label: "Mute", run: () => mode("+b", `m:${nick}!*@*`) },
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
  if (connection.operator) items.push("-", { label: "On this server…", run: () => administer(nick) });
  openMenu(anchor, items, `Actions for ${cleanName(nick)}`);
}

/** A list of which one is chosen; its label, whose `control` it is. */
export function choice(label, value, options, onchange = null) {
  const select = h("select", { onchange: () => onchange?.(select.value, select) }, options.map(([key, text]) => h("option", { value: key, selected: key === value }, text)));
  return h("label.field", {}, label, select);
}

/** Of what one is told in a room. */
function notifyChoice(chat, room) {
  const of = room.private ? [["", "All messages"]] : [["all", "All messages"], ["", "Mentions of you"]];
  const chosen = choice("Notifications", room.notify, [...of, ["none", "None: muted, not counted"]], (value, select) => {
    chat.choose("notify", room.name, value).catch((error) => {
      select.value = room.notify;
      failed(error);
    });
  });
  return [chosen, !chat.connection.hasAccount && hint("Kept in this browser; with an account on all your devices.")];
}

function conversationDialog(chat, room, { leave }) {
  const content = form(() => dialog.close(), notifyChoice(chat, room),
    h("button.button.quiet", { onclick: () => { dialog.close(); leave(room); } }, "Close this conversation"));
  const { dialog } = openDialog(cleanName(room.name), content);
}

export async function roomDialog(chat, room, { leave, invite }) {
  if (room.private) {
    conversationDialog(chat, room, { leave });
    return;
  }
  const connection = chat.connection;
  const mine = chat.rankIn(room);
  const topic = field("Topic", { value: room.topic, maxLength: Number(connection.isupport.get("TOPICLEN")) || 390 });
  const bans = h("div", {}, hint("…"));
  const boxes = [];
  const rules = mine >= 3 ? h("fieldset", {}, h("legend", {}, "Rules"), SWITCHES.map((letter) => {
    const box = h("input", { type: "checkbox" });
    boxes.push([letter, box]);
    box.addEventListener("change", () => connection.ask("MODE", [room.name, `${box.checked ? "+" : "-"}${letter}`]).catch((error) => { box.checked = !box.checked; toast(error.message); }));
    return h("label.listed", {}, box, capital(RULES[letter][0]));
  })) : null;
  const setTopic = h("div.row", {}, h("button.button", { type: "submit" }, "Set topic"));
  const showRules = () => {
    for (const [letter, box] of boxes) box.checked = room.hasMode(letter);
    setTopic.hidden = topic.input.readOnly = !chat.maySetTopic(room);
  };
  const content = form(async () => {
    if (topic.input.value !== room.topic) await connection.ask("TOPIC", [room.name, topic.input.value]);
    dialog.close();
  }, topic.node, setTopic, notifyChoice(chat, room), chat.mayModerate(room) && h("button.button.quiet", { onclick: () => { dialog.close(); invite(chat, room); } }, "Invite people…"), rules, h("h3", {}, "Banned and muted"), bans,
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

export function settingsDialog(chat, notifier, account, { theme, setTheme, rename, made, signIn, signOut, push }) {
  const { connection } = chat;
  const online = connection.state === "online";
  const present = online && connection.account ? presenceBox(account) : null;
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
  push.isOffered && (present ? pushSwitch(push, account, present) : hint("With an account you can be told of mentions also while this page is closed.")),
  !globalThis.isSecureContext && hint("This page was loaded over HTTP, so the browser does not allow system notifications."),
  choice("Appearance", theme(), [["", "Same as this device"], ["light", "Light"], ["dark", "Dark"]], setTheme),
  online && h("button.button", { type: "submit" }, "Done"),
  online && connection.account && accountPart(account, present, () => { dialog.close(); signOut(); }),
  online && !connection.account && connection.has("draft/account-registration") && leading("Create an account to keep this name", () => accountDialog(chat, made)),
  !connection.account && leading("Sign in with an account", signIn),
  online && !connection.account && leading("Leave the chat", signOut),
  !matchMedia("(hover: none)").matches && hint("Keyboard: Ctrl K finds rooms and people; Alt ↑ and Alt ↓ switch rooms, with Shift to those with something unread; ↑ and ↓ select a message (R replies, E reacts, Enter opens its menu); Esc returns to the message field."));
  const { dialog } = openDialog("Settings", content);
}

/** The switch for being told while the page is closed. Who is in no room then would be told of nothing there. */
function pushSwitch(push, account, present) {
  const box = h("input", { type: "checkbox", checked: push.on, onchange: async () => {
    box.disabled = true;
    try {
      if (box.checked) {
        await push.enable();
        present.checked = await account.alwaysOn(true);
      } else await push.disable();
    } catch (error) {
      failed(error);
    }
    box.checked = push.on;
    box.disabled = false;
  } });
  return h("div", {}, h("label.switch", {}, box, "Also while this page is closed"),
    hint("Your browser's push service passes mentions and private messages on, encrypted. You stay in your rooms meanwhile."));
}

/** The switch for staying in one's rooms. */
function presenceBox(account) {
  const present = h("input", { type: "checkbox", disabled: true, onchange: async () => {
    try {
      present.checked = await account.alwaysOn(present.checked);
    } catch (error) {
      present.checked = !present.checked;
      failed(error);
    }
  } });
  account.alwaysOn().then((on) => { present.checked = on; present.disabled = false; }, () => { /* it stays as it is */ });
  return present;
}

/** What the owner of an account chooses: who stays signed in, and whether the account stays in its rooms. */
function accountPart(account, present, signOut) {
  const stay = h("input", { type: "checkbox", checked: account.stays, onchange: () => { account.stays = stay.checked; } });
  const devices = h("div", {}, hint("…"));
  const show = async () => {
    try {
      const found = await account.devices();
      devices.replaceChildren(...found.map(({ id, name, made, used }) => h("div.listed", {},
        h("span.grow", {}, clean(name), h("small", {}, id === account.device ? "this device" : `last used ${when.format(used)}, signed in ${when.format(made)}`)),
        id === account.device ? "" : h("button.link", { "aria-label": `Sign out ${clean(name)}`, onclick: () => account.remove(id).then(show, failed) }, "Sign out"))),
      found.length ? "" : hint("No device stays signed in."));
    } catch (error) {
      devices.replaceChildren(hint(error.message));
    }
  };
  show();
  const everywhere = async () => {
    if (!(await confirm("Sign out everywhere", "All devices that stay signed in are signed out, this one too.", "Sign out everywhere"))) return;
    await account.remove("*").catch(() => { /* this device alone, then */ });
    signOut();
  };
  return h("section.account", {}, h("h3", {}, `Account ${cleanName(account.connection.account)}`),
    h("label", {}, stay, "Stay signed in on this device"),
    h("label", {}, present, "Stay in my rooms while no device is connected"),
    h("h3", {}, "Devices that are signed in"), devices,
    h("div.row", {}, h("button.button.quiet", { onclick: signOut }, "Sign out"), h("button.button.quiet", { onclick: everywhere }, "Sign out everywhere")));
}

function accountDialog(chat, made) {
  const secret = field(`Password for ${cleanName(chat.nick)}`, { type: "password", autocomplete: "new-password", minLength: 1, required: true, autofocus: true });
  const content = form(async () => {
    await chat.connection.ask("REGISTER", ["*", "*", secret.input.value]);
    Object.assign(chat.connection.identity, { account: chat.nick, password: secret.input.value });
    dialog.close();
    const others = (await made()) ? "This device stays signed in; others need" : "Other devices need";
    toast(`The name ${cleanName(chat.nick)} now belongs to you. ${others} the password.`);
  }, h("p", {}, "An account reserves this name for you on all your devices."), secret.node, h("button.button", { type: "submit" }, "Create account"));
  const { dialog } = openDialog("Create an account", content);
}
