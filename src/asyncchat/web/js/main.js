// Connects the parts of the page: which action calls what, and what is redrawn when. The state is in chat.js,
// the drawing in the views.

import { Account } from "./account.js";
import { administrationDialog } from "./administration.js";
import { Chat } from "./chat.js";
import { Composer } from "./composer.js";
import { Connection } from "./connection.js";
import { ask, confirm, personMenu, roomDialog, searchDialog, settingsDialog, versionsDialog } from "./dialogs.js";
import { copyText, failed, h, iconButton, openMenu, toast } from "./dom.js";
import { Uploads } from "./files.js";
import { openPicker } from "./emoji.js";
import { findDialog } from "./find.js";
import { inviteDialog, parseLink } from "./invites.js";
import { fold, size } from "./irc.js";
import { Keeper } from "./keeper.js";
import { longDialog } from "./long.js";
import { Memory } from "./memory.js";
import { Notifier } from "./notify.js";
import { People } from "./people.js";
import { drawPins, pinsDialog } from "./pins.js";
import { Previews } from "./previews.js";
import { Push } from "./push.js";
import { Sidebar } from "./sidebar.js";
import { Slash } from "./slash.js";
import { clean, cleanName, clip } from "./text.js";
import { Timeline } from "./timeline.js";
import { Visitor } from "./visitor.js";
import { startWorker } from "./worker.js";

const LOBBY = "#lobby";

const $ = (id) => document.getElementById(id);
const memory = new Memory();

$("unready").remove();
const connection = new Connection(new URL(".", document.baseURI).href.replace("http", "ws"));
const chat = new Chat(connection);
const account = new Account(connection, memory);
const keeper = new Keeper(memory, chat, account);
const notifier = new Notifier();
const push = new Push(connection, memory);
const previews = new Previews(connection, chat);
const app = $("app");

const timeline = new Timeline($("timeline"), $("latest"), $("jump"), chat, onMessage);
const sidebar = new Sidebar($("sidebar"), chat, onSidebar);
const people = new People($("people"), chat, (nick, anchor) => personMenu(chat, chat.current, nick, anchor, personActs));
const uploads = new Uploads(connection, { say: (room, link) => say(room, link), room: () => (composer.isOpen ? chat.current : null) });
const composer = new Composer($("composer"), chat, { say, edit, command, uploads });
const visitor = new Visitor(chat, { enter, nick: memory.get("nick") ?? "" });

const personActs = { write: (nick) => go(nick), mention: (nick) => composer.put(`${nick}:`), hide, administer: (nick) => administrationDialog(chat, nick) };

// Drawing: once a frame, only what changed.

const dirty = new Set();
function redraw(...parts) {
  if (!dirty.size) requestAnimationFrame(drawDirty);
  parts.forEach((part) => dirty.add(part));
}

const DRAW = {
  sidebar: () => sidebar.draw(), people: () => people.draw(chat.current), head: drawHead, strip: drawStrip,
  pins: () => drawPins($("pins"), chat, goTo), composer: drawComposer, typing: drawTyping, jumps: () => timeline.recount(),
};

function drawDirty() {
  const parts = [...dirty];
  dirty.clear();
  parts.forEach((part) => DRAW[part]());
}

function drawHead() {
  const room = chat.current;
  const head = $("head");
  const nameOf = (node) => node?.getAttribute?.("aria-label")?.split(",", 1)[0];
  const focused = head.contains(document.activeElement) ? nameOf(document.activeElement) : "";
  const menu = menuButton();
  if (!room) return head.replaceChildren(menu, h("div.title", {}, h("h1", {}, "asyncchat")));
  app.dataset.joined = String(room.joined);
  const topic = clean(room.topic);
  head.replaceChildren(
    menu,
    h("div.title", {}, h("h1", {}, cleanName(room.name)),
      room.private || !room.joined ? (topic ? h("span.topic", {}, topic) : null)
        : h("button.topic", { title: topic, onclick: () => settingsOf(room) }, topic || (chat.maySetTopic(room) ? "Set a topic" : "No topic"))),
    room.joined && connection.has("soju.im/search") ? iconButton("search", "Search", () => searchDialog(chat, room, goTo)) : "",
    room.joined && connection.identity ? iconButton("settings", room.private ? "Conversation settings" : "Room settings", () => settingsOf(room)) : "",
    !connection.identity ? "" : room.private ? iconButton("close", "Close this conversation", () => leave(room)) : iconButton("people", "People", togglePeople),
  );
  if (focused) [...head.querySelectorAll("[aria-label]")].find((node) => nameOf(node) === focused)?.focus();
  app.classList.toggle("visiting", !connection.identity);
  app.classList.toggle("no-people", room.private || !connection.identity || memory.get("people") === false);
  return undefined;
}

const settingsOf = (room) => roomDialog(chat, room, { leave, invite: inviteDialog });

/** The button that opens the list of rooms on a phone, with a mark for what is unread in those that are not shown. */
function menuButton() {
  let [unread, called] = [0, 0];
  for (const room of chat.rooms.values()) {
    if (room === chat.current || room.notify === "none") continue;
    unread += room.unread;
    called += room.called;
  }
  const button = iconButton("menu", `Rooms${unread ? `, ${unread} unread` : ""}${called ? `, ${called} for you` : ""}`, () => showDrawer("rooms-open"), "button.icon-button.only-phone");
  if (unread) button.append(h(`span.badge${called ? ".called" : ""}`, { "aria-hidden": "true" }, called > 99 ? "99+" : called ? String(called) : ""));
  return button;
}

function togglePeople() {
  if (matchMedia("(max-width: 1020px)").matches) showDrawer("people-open");
  else {
    memory.set("people", memory.get("people") === false);
    redraw("head");
  }
}

function showDrawer(name) {
  const open = app.classList.toggle(name);
  if (open) $(name === "rooms-open" ? "sidebar" : "people").querySelector("button")?.focus();
}

function closeDrawers() {
  app.classList.remove("rooms-open", "people-open");
}

function drawStrip() {
  const strip = $("strip");
  if (!connection.identity || connection.state === "online") return strip.replaceChildren();
  if (!lostWhy) return strip.replaceChildren(...(connection.state === "connecting" ? ["Connecting…"] : []));
  // It stands until the connection is there again: each attempt may fail at once.
  const text = `Not connected: ${lostWhy}. Messages that you write now are sent when you are connected again.`;
  if (strip.firstChild?.textContent === text) return undefined;
  return strip.replaceChildren(h("span", {}, text), h("button", { onclick: () => connection.retry() }, "Try now"));
}

let lostWhy = "";

function drawComposer() {
  const room = chat.current;
  if (!connection.identity) return visitor.drawForm(composer);
  if (!room) return composer.replace(h("div.notice-card", {}, "Choose a room."));
  if (!room.joined && connection.state === "online" && (room.refusal || room.parted)) {
    return composer.replace(h("div.notice-card", {}, room.refusal || `You are not in ${cleanName(room.name)}.`,
      h("button.button", { onclick: () => join(room) }, "Join")));
  }
  return composer.show(room, chat.silence(room));
}

async function join(room) {
  if (/invitation code/.test(room.refusal)) forgetCode(room);
  if (/key|\+k/i.test(room.refusal)) {
    const key = await ask(`Join ${cleanName(room.name)}`, "The room's key", { button: "Join" });
    if (key === null) return;
    room.password = key;
  }
  chat.join(room);
}

let typingTimer = 0;

function drawTyping() {
  const room = chat.current;
  const now = Date.now();
  for (const [key, { until }] of room?.typing ?? []) if (until <= now) room.typing.delete(key);
  const names = [...(room?.typing.values() ?? [])].map((one) => cleanName(one.nick));
  $("typing").textContent = !names.length ? "" : names.length > 3 ? "Several people are writing…" : `${names.join(" and ")} ${names.length === 1 ? "is" : "are"} writing…`;
  clearTimeout(typingTimer);
  if (names.length) typingTimer = setTimeout(() => redraw("typing"), 1500);
}

// Navigation.

function go(name, key = "") {
  if (!connection.identity) {
    location.hash = encodeURIComponent(name.slice(1));
    closeDrawers();
    return;
  }
  const room = chat.open(name, key || codeFor(name));
  if (!room.private) memory.addRoom(room.name);
  closeDrawers();
  history.replaceState(null, "", room.private ? "#" : `#${encodeURIComponent(room.name.slice(1))}`);
  composer.focus();
}

async function leave(room, { reason = "", sure = false } = {}) {
  if (!room.private && !sure && !(await confirm(`Leave ${cleanName(room.name)}`, "Its messages are kept, and you can join again.", "Leave"))) return;
  memory.set("rooms", (memory.get("rooms") ?? []).filter((name) => fold(name) !== room.key));
  chat.leave(room, reason);
}

/** The room in the page's address. An invitation's code there is remembered, and leaves the address. */
function roomOfLink() {
  const { room, code } = parseLink(location.hash);
  if (code) {
    memory.setOf("codes", fold(room), code);
    history.replaceState(null, "", `#${encodeURIComponent(room.slice(1))}`);
  }
  return room;
}

const codeFor = (name) => memory.get("codes")?.[fold(name)] ?? "";

function forgetCode(room) {
  if (codeFor(room.name) === room.password) room.password = "";
  memory.setOf("codes", room.key, "");
}

/** Shows a place of a room's history once it is loaded, if the room is still looked at then. */
async function showWhen(room, loaded, show) {
  try {
    await loaded;
    if (room === chat.current) show();
  } catch (error) {
    failed(error);
  }
}

/** Shows a message that may be anywhere in the history. */
function goTo(message) {
  const room = message.target ? chat.placeOf(message) : chat.current;
  if (room !== chat.current) go(room.name);
  return showWhen(room, chat.history.around(room, message.id), () => {
    if (!timeline.toMessage(message.id)) toast("That message is no longer in the history.");
  });
}

/** Shows the newest messages of a room. */
const goToLatest = (room) => showWhen(room, chat.history.latest(room), () => room.atEnd && timeline.toEnd());

/** Shows what follows a time up to which the room was read. */
const goToUnread = (room, time) => showWhen(room, chat.history.aroundTime(room, time), () => timeline.toUnread(true));

// What the person does.

/** Says something; false: it is too long for one message, and the person is asked what to do. */
function say(room, text, options) {
  if (chat.isTooLong(text, options)) {
    longDialog(chat, text, (parts) => {
      for (const part of parts) say(room, part, options);
      composer.clear();
    }, uploads.most < size(text) ? null : (file) => {
      uploads.send(room, [file]);
      composer.clear();
    });
    return false;
  }
  timeline.toEnd();
  chat.say(room, text, options);
  return true;
}

/** What slash commands do that the page does itself. */
const slash = new Slash(chat, {
  say,
  go: (name, key) => go(name, key),
  write: (name, text) => { go(name); if (text) say(chat.current, text); },
  find: () => findDialog(chat, go),
  leave: (name, reason) => leave(chat.room(name), { reason, sure: true }),
  search: (room, text) => searchDialog(chat, room, goTo, text),
  pins: (room) => pinsDialog(chat, room, goTo),
  invite: (room) => inviteDialog(chat, room),
  signedIn: () => signedIn(),
  quit: () => signOut(),
  ignore: (room, name, on) => {
    if (name) return hide(name, on);
    return chat.inform(room, chat.ignored.size ? `You hide the messages of ${[...chat.ignored].map(cleanName).join(", ")}.` : "You hide nobody's messages.", "/ignore");
  },
  answer: (room, typed, text) => inform(room, text, typed),
});

/** Hides the messages of somebody, or shows them again. */
async function hide(nick, on) {
  try {
    await chat.choose("ignore", nick, on ? "on" : "");
    toast(`Messages of ${cleanName(nick)} are ${on ? "now hidden" : "shown again"}${connection.hasAccount ? "" : " in this browser"}.`);
  } catch (error) {
    failed(error);
  }
}

/** Replaces the text of a message; one that was not taken is in the field again. */
function edit(room, message, text) {
  chat.edit(room, message, text).catch((error) => {
    failed(error);
    if (room === chat.current) composer.edit(message, text);
  });
}

/** Shows the reader alone a text in a room. */
async function inform(room, text, command = "") {
  if (!room) return;
  if (room === chat.current) {
    await goToLatest(room);
    timeline.toEnd();
  }
  chat.inform(room, text, command);
  if (room === chat.current) $("reader").textContent = clip(clean(text), 900);
}

/** Runs a command; false keeps the text in the field. */
function command(room, word, rest) {
  if (connection.state !== "online") {
    toast("Not connected: commands are not kept until you are. Try again then.");
    return false;
  }
  slash.run(room, word, rest);
  return true;
}

function onMessage(what, room, message, anchor) {
  const acts = {
    person: () => personMenu(chat, room, message.nick, anchor, personActs),
    reply: () => chat.mayReply() && composer.answer(message),
    react: () => chat.mayReact(room) && chat.react(room, message, anchor).catch(failed),
    pick: () => chat.mayReact(room) && pickReaction(room, message, anchor),
    menu: () => messageMenu(room, message, anchor),
    versions: () => connection.identity && versionsDialog(chat, room, message).catch(failed),
    redact: () => chat.mayRedact(room, message) && redact(room, message),
    goto: () => goTo(message),
    preview: () => previews.want(room, message),
    seen: () => seen(),
    latest: () => goToLatest(room),
    unread: () => goToUnread(room, message),
    again: () => { chat.discard(room, message); say(room, message.text, { reply: message.reply, action: message.kind === "action" }); },
  };
  acts[what]?.();
}

function pickReaction(room, message, anchor) {
  openPicker(anchor, (reaction) => chat.react(room, message, reaction).catch(failed));
}

async function redact(room, message) {
  if (await confirm("Delete this message", "It is removed from the history for everyone.", "Delete")) {
    chat.redact(room, message).catch(failed);
  }
}

function messageMenu(room, message, anchor) {
  openMenu(anchor, [
    chat.mayReply() && { label: "Reply", run: () => composer.answer(message) },
    chat.mayReact(room) && { label: "React…", run: () => pickReaction(room, message, anchor) },
    { label: "Copy text", run: () => copyText(message.text).then(() => toast("Copied.")) },
    chat.mayEdit(room, message) && { label: "Edit", run: () => composer.edit(message) },
    chat.mayModerate(room) && { label: chat.isPinned(room, message.id) ? "Unpin" : "Pin", run: () => chat.togglePin(room, message.id).catch(failed) },
    "-",
    { label: `${cleanName(message.nick)}…`, run: () => personMenu(chat, room, message.nick, anchor, personActs) },
    chat.mayRedact(room, message) && { label: "Delete…", danger: true, run: () => redact(room, message) },
  ], "Actions for this message");
}

function roomMenu(room, anchor) {
  const isMuted = room.notify === "none";
  openMenu(anchor, [
    { label: isMuted ? "Unmute" : "Mute", run: () => chat.choose("notify", room.name, isMuted ? "" : "none").catch(failed) },
    room.joined && { label: "Settings…", run: () => settingsOf(room) },
    { label: room.private ? "Close this conversation" : "Leave…", run: () => leave(room) },
  ], `Actions for ${cleanName(room.name)}`);
}

function onSidebar(what, room, anchor) {
  const acts = {
    open: () => go(room.name),
    menu: () => connection.identity && roomMenu(room, anchor),
    find: () => findDialog(chat, go),
    write: () => findDialog(chat, go, "@"),
    me: () => { closeDrawers(); settings(); },
    administer: () => { closeDrawers(); administrationDialog(chat); },
  };
  acts[what]?.();
}

function settings() {
  settingsDialog(chat, notifier, account, {
    theme: () => memory.get("theme") ?? "",
    setTheme,
    rename: (name) => connection.ask("NICK", [name]),
    made: () => signedIn(),
    signIn: () => { connection.close(); visitor.asAccount = true; enterAsVisitor(); },
    signOut,
    push,
  });
}

/** One is in with an account: this device has what the account chose, and stays signed in; whether it does. */
async function signedIn() {
  account.share(chat).catch(() => { /* what this browser knows holds until the next time */ });
  try {
    await account.stay();
  } catch (error) {
    failed(error); // the password is asked for again when the page is loaded anew
    return false;
  }
  push.renew().catch(failed); // behind it: what is pushed ends with this device's token
  return account.stays;
}

/** Leaves the chat, until one enters a name again or signs in. */
function signOut() {
  memory.set("out", true);
  push.signedOut();
  account.signOut();
  enterAsVisitor();
}

function setTheme(theme) {
  memory.set("theme", theme);
  document.documentElement.style.colorScheme = theme;
}

// Reading.

function seen() {
  const room = chat.current;
  if (room && timeline.atEnd && document.visibilityState === "visible" && document.hasFocus()) chat.read(room);
}

function readOut(room, message) {
  const text = `${cleanName(message.nick)}: ${clean(message.text)}`.slice(0, 400);
  $("reader").textContent = room === chat.current ? text : `${cleanName(room.name)}, ${text}`;
}

// Joining and leaving.

function enter(identity) {
  memory.set("nick", identity.nick);
  memory.set("out", undefined);
  const first = chat.room(roomOfLink() || visitor.room || LOBBY);
  visitor.leave();
  for (const room of [...chat.rooms.values()]) if (room !== first) chat.rooms.delete(room.key); // a visitor saw them listed
  memory.get("rooms")?.forEach((name) => chat.room(name));
  for (const room of chat.rooms.values()) room.password ||= codeFor(room.name);
  first.reset(true); // what a visitor sees has no reactions and not every event: it is loaded again
  keeper.restore(identity);
  memory.addRoom(first.name);
  chat.show(first);
  // Where the server has a password, an invitation's code is one; elsewhere it is ignored.
  connection.open({ serverPassword: codeFor(first.name) || Object.values(memory.get("codes") ?? {}).at(-1), ...identity });
  redraw("sidebar", "head", "composer", "strip");
}

async function enterAsVisitor() {
  chat.rooms.clear();
  const room = chat.room(roomOfLink() || LOBBY);
  visitor.invited = codeFor(room.name) ? cleanName(room.name) : "";
  chat.show(room);
  redraw("sidebar", "head", "composer", "people", "strip");
  await visitor.read(room);
  timeline.refresh();
  redraw("sidebar", "head");
}

const on = (what, act) => chat.addEventListener(what, ({ detail }) => act(detail));

on("current", ({ room }) => {
  timeline.show(room);
  redraw("sidebar", "head", "pins", "people", "composer", "typing");
  seen();
});
on("me", () => {
  const nick = connection.identity?.nick;
  if (!nick || nick === memory.get("nick")) return;
  memory.set("nick", nick);
  memory.nickHere = nick;
  if (memory.login) memory.setLogin({ ...memory.login, nick }, account.stays);
});
on("draft", ({ room }) => keeper.later(`draft ${room.key}`, () => memory.setOf("drafts", room.key, room.draft)));
on("read", ({ room }) => { if (!memory.login) keeper.later(`read ${room.key}`, () => memory.setMarker(room.key, room.marker)); });
on("chosen", ({ name, key, value }) => {
  if (name === "notify") memory.setOf("notify", key, value);
  else memory.set("ignored", [...chat.ignored]);
  redraw("sidebar", "head");
});
for (const [what, ...parts] of [
  ["rooms", "sidebar", "head"], ["room", "sidebar", "head", "pins"], ["pins", "pins"], ["members", "people", "composer", "head"], ["unread", "sidebar", "jumps", "head"], ["me", "sidebar"], ["typing", "typing"],
]) {
  on(what, ({ room }) => {
    if (what === "members" && room !== chat.current) return;
    redraw(...parts);
    if (what === "room" && room === chat.current) {
      redraw("composer");
      timeline.refresh();
    }
  });
}
on("messages", (detail) => {
  if (detail.room !== chat.current) return;
  if (detail.caughtUp && detail.room.unread) timeline.markNew(detail.room.marker);
  timeline.refresh(detail);
  redraw("typing");
  seen();
});
on("changed", (detail) => {
  if (detail.message.redacted !== undefined) $("reader").textContent = "";
  if (detail.room !== chat.current) return;
  timeline.redraw(detail.message);
  timeline.refresh();
});
let toldAt = -Infinity;

on("said", ({ room, message, called: mentioned }) => {
  readOut(room, message);
  const called = room.notify === "all" || (room.notify !== "none" && mentioned);
  const away = document.hidden || !document.hasFocus();
  // Of calls in one second, the first is told.
  const now = performance.now();
  if (called && (away || room !== chat.current) && now - toldAt > 1000) {
    toldAt = now;
    const who = `${cleanName(message.nick)}${room.private ? "" : ` in ${cleanName(room.name)}`}`;
    notifier.call({ title: who, text: clean(message.text), place: room.name, open: () => go(room.name) });
    if (!away) toast(`${who}: ${clean(message.text).slice(0, 120)}`, { action: { label: "Show", run: () => go(room.name) } });
  }
});
on("invited", ({ by, name }) => toast(`${cleanName(by)} invites you to ${cleanName(name)}`, { seconds: 30, action: { label: "Join", run: () => go(name) } }));
on("told", ({ text }) => inform(chat.current, text));
on("notice", ({ text }) => toast(clip(clean(text), 500), { seconds: 8 }));

connection.addEventListener("state", ({ detail: { state, why } }) => {
  lostWhy = state === "online" || !connection.identity ? "" : why || lostWhy;
  redraw("sidebar", "head", "strip");
  if (state === "online") {
    memory.nickHere = connection.identity.nick;
    redraw("composer");
    if (connection.account) signedIn();
  }
});
connection.addEventListener("operator", () => redraw("sidebar"));
connection.addEventListener("refused", ({ detail: { code, text, identity } }) => {
  const { nick, account: owned } = identity;
  if (identity.token && code === "433" && fold(nick) !== fold(owned)) return enter({ ...identity, nick: owned }); // somebody has the other name
  if (identity.token && (code === "904" || code === "905")) memory.setLogin(null);
  if (code === "464") memory.set("codes", undefined);
  visitor.refused(code, text, identity);
  enterAsVisitor();
});

addEventListener("focus", seen);
document.addEventListener("visibilitychange", () => {
  if (document.hidden && chat.current) timeline.markNew(chat.current.last?.time ?? 0);
  seen();
});
addEventListener("hashchange", () => {
  const name = roomOfLink();
  if (!name || chat.current?.key === fold(name)) return;
  if (connection.identity) go(name);
  else enterAsVisitor();
});
/** Whether a key is a letter for which there is no field and no button. */
function isText({ key, ctrlKey, metaKey, altKey, isComposing, target, defaultPrevented }) {
  if (defaultPrevented || isComposing || ctrlKey || metaKey || altKey || [...key].length !== 1) return false;
  if (document.querySelector("dialog[open], .menu, .picker") || target.closest?.("input, textarea, select, [contenteditable]")) return false;
  return key !== " " || !target.closest?.("button, a, summary, #timeline");
}

$("shade").addEventListener("click", closeDrawers);
addEventListener("keydown", (event) => {
  if (isText(event)) composer.focus(); // what is typed anywhere goes into the message field
  else if (event.key === "Escape" && !document.querySelector("dialog[open], .menu")) {
    closeDrawers();
    composer.focus();
  } else if (event.key === "k" && (event.ctrlKey || event.metaKey) && connection.identity) {
    event.preventDefault();
    findDialog(chat, go);
  } else if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
    event.preventDefault();
    const rooms = sidebar.order.filter((room) => !event.shiftKey || room === chat.current || (room.unread && room.notify !== "none"));
    const at = rooms.indexOf(chat.current) + (event.key === "ArrowUp" ? -1 : 1);
    const room = rooms[(at + rooms.length) % rooms.length];
    if (room) go(room.name);
  }
});

chat.ignored = new Set(memory.get("ignored") ?? []);
setTheme(memory.get("theme") ?? "");
if (memory.login) enter({ ...memory.login });
else if (memory.get("nick") && !memory.get("out")) enter({ nick: memory.get("nick"), confirmed: memory.nickHere === memory.get("nick") });
else enterAsVisitor();

startWorker();
// A click on a notification.
navigator.serviceWorker?.addEventListener("message", ({ data }) => { if (data.open) go(data.open); });

// For tests and for the browser's console.
globalThis.asyncchat = { chat, connection, timeline };
