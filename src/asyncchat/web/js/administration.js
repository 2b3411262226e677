// What operators of the server see and do: people, bans, the audit, limits that were hit. It asks the HTTP API with the key of
// this session; the server decides each time.

import { choice, field, form, hint, when } from "./dialogs.js";
import { avatar, h, iconButton, openDialog, openMenu } from "./dom.js";
import { clean, cleanName, clip } from "./text.js";

const KEY = "asyncchat/KEY";
const HOUR = 3600;
const ROOMS_SHOWN = 8;
const LASTING = [["3600", "1 hour"], ["86400", "1 day"], ["604800", "1 week"], ["2592000", "30 days"], ["0", "Without an end"]];
const BACK = [["3600", "The last hour"], ["86400", "The last day"], ["604800", "The last week"], ["0", "All of them"]];
const REFUSED = { passwords: "wrong passwords of accounts", server_password: "wrong passwords of the server", tokens: "wrong tokens", registrations: "too many accounts" };
const KINDS = { websocket: "web", plain: "nc", irc: "IRC", elsewhere: "at another node" };

const line = (text) => clip(clean(text), 400);
const moment = (text) => when.format(new Date(text));
const plural = (count, word, several = `${word}s`) => `${count.toLocaleString()} ${count === 1 ? word : several}`;
const chosen = (label) => label.querySelector("select").value;

/** "2 h" for seconds. */
function lasting(seconds) {
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  if (seconds < HOUR) return `${Math.floor(seconds / 60)} min`;
  return seconds < 48 * HOUR ? `${Math.floor(seconds / HOUR)} h` : `${Math.floor(seconds / 24 / HOUR)} days`;
}

function roomsOf({ rooms }) {
  const shown = rooms.slice(0, ROOMS_SHOWN).map(cleanName).join(" ");
  return rooms.length > ROOMS_SHOWN ? `${shown} and ${(rooms.length - ROOMS_SHOWN).toLocaleString()} more` : shown;
}

/** Asks for something below `/api/v1/admin`, or has it done (`body`). */
async function request(connection, path, { query = {}, body = null } = {}) {
  if (!connection.isupport.has(KEY)) await connection.ask("SESSIONKEY");
  const url = new URL(`api/v1/admin/${path}`, document.baseURI);
  url.search = new URLSearchParams(query);
  const headers = { Authorization: `Bearer ${connection.isupport.get(KEY)}`, ...(body && { "Content-Type": "application/json" }) };
  const response = await fetch(url, { method: body ? "POST" : "GET", headers, body: body && JSON.stringify(body), cache: "no-store" });
  if (response.status === 204) return null;
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.detail ?? `The server answers with ${response.status}.`);
  return answer;
}

/** Asks for what is needed to do something, and does it; gives what `act` says of it, "" if it was not done. */
async function question(title, text, button, parts, act) {
  let said = "";
  const content = form(async () => {
    said = await act();
    dialog.close();
  }, text && h("p", {}, text), parts, h("button.button.danger", { type: "submit" }, button));
  const { dialog, done: closed } = openDialog(title, content);
  content.querySelector("input, select, button").focus();
  await closed;
  return said;
}

const reasonField = (seen = true) => field(seen ? "Reason (they will see it)" : "Reason", { maxLength: 200 });

export function administrationDialog(chat, about = "") {
  const { connection } = chat;
  const ask = (path, query) => request(connection, path, { query });
  const told = h("p.hint", { role: "status", hidden: true });

  /** Has something done after a question, says so, and shows the list again. */
  async function act(title, text, button, parts, path, body, says, again = null) {
    const said = await question(title, text, button, parts, async () => says(await request(connection, path, { body: body() })));
    if (!said) return;
    told.textContent = said;
    told.hidden = false;
    again?.();
  }

  /** A list with a field that finds something in it; more of it comes when asked for. */
  function listing(label, load, row, { none, start = "" }) {
    const { input, node } = field(label, { type: "search", value: start, spellcheck: false, autocapitalize: "off", enterkeyhint: "search" });
    const list = h("ul.rows");
    const more = h("div", { "aria-live": "polite" });
    let latest = null;
    let timer = 0;
    const next = async (after, mine) => {
      more.replaceChildren(hint("…"));
      const page = await load(input.value.trim(), after);
      if (mine !== latest) return; // something else was asked for meanwhile
      const focused = list.contains(document.activeElement) ? document.activeElement.getAttribute("aria-label") : null;
      if (!after) list.replaceChildren();
      list.append(...page.rows.map((one) => h("li.listed", {}, row(one, show))));
      if (focused && !list.contains(document.activeElement)) (list.querySelector(`[aria-label="${CSS.escape(focused)}"]`) ?? input).focus();
      more.replaceChildren();
      if (page.next) more.append(h("button.button.quiet", { onclick: () => next(page.next, mine).catch(fault) }, "Show more"));
      else if (!list.firstChild) more.append(hint(none));
    };
    const fault = (error) => more.replaceChildren(hint(error.message));
    const show = () => next("", latest = {}).catch(fault);
    input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(show, 250); });
    show();
    return { node, list, more, show };
  }

  function kick({ name, rooms }, again) {
    const room = choice("Room", rooms[0], rooms.map((one) => [one, cleanName(one)]));
    const reason = reasonField();
    act(`Kick ${cleanName(name)}`, "", "Kick", [room, reason.node], "kick",
      () => ({ room: chosen(room), name, reason: reason.input.value }), () => `${cleanName(name)} was removed from ${cleanName(chosen(room))}.`, again);
  }

  function disconnect({ name }, again) {
    const reason = reasonField();
    act(`Disconnect ${cleanName(name)}`, "They can come back at once.", "Disconnect", reason.node, "disconnect",
      () => ({ name, reason: reason.input.value }), () => `${cleanName(name)} was disconnected.`, again);
  }

  function ban(person, again) {
    const masks = person ? [[person.name, `The name ${cleanName(person.name)}`], [person.address, `The address ${line(person.address)}`]] : [];
    if (person?.account) masks.push([`~account:${person.account}`, `The account ${cleanName(person.account)}`]);
    const typed = field("A name, user@host, an address, a network such as 192.0.2.0/24, or ~account:NAME", { required: true, maxLength: 200, spellcheck: false, autocapitalize: "off" });
    const mask = person ? choice("What is banned", person.name, masks) : typed.node;
    const seconds = choice("For", "86400", LASTING);
    const reason = reasonField();
    act(person ? `Ban ${cleanName(person.name)} from the server` : "Ban from the server",
      "Whom it matches is disconnected and can't come back, except operators of the server.", "Ban", [mask, seconds, reason.node], "ban",
      () => ({ mask: person ? chosen(mask) : typed.input.value.trim(), seconds: Number(chosen(seconds)), reason: reason.input.value }), (made) => `${line(made.mask)} is banned.`, again);
  }

  function lift(mask, again) {
    act("Lift a ban", `${line(mask)} may come back.`, "Lift the ban", [], "unban", () => ({ mask }), () => `${line(mask)} is banned no more.`, again);
  }

  function erase({ name, rooms }) {
    const where = choice("In", "", [["", "All rooms"], ...rooms.map((room) => [room, cleanName(room)])]);
    const back = choice("Which", "3600", BACK);
    const reason = reasonField(false);
    const since = () => (chosen(back) === "0" ? "" : new Date(Date.now() - chosen(back) * 1000).toISOString());
    act(`Erase messages of ${cleanName(name)}`, "They are removed from the history for everyone. Private messages stay.", "Erase", [where, back, reason.node], "erase",
      () => ({ name, room: chosen(where), since: since(), reason: reason.input.value }),
      ({ erased }) => `${plural(erased, "message")} of ${cleanName(name)} ${erased === 1 ? "was" : "were"} erased.`);
  }

  function personRow(person, again) {
    const name = cleanName(person.name);
    const clients = person.clients.map(({ kind, encrypted }) => `${KINDS[kind] ?? kind}${encrypted ? " over TLS" : ""}`);
    const facts = [
      line(person.address), person.account && person.account !== person.name && `account ${cleanName(person.account)}`, [...new Set(clients)].join(", ") || "always on, not connected",
      `since ${moment(person.since)}`, person.idle < 60 ? "active" : `idle ${lasting(person.idle)}`,
    ];
    const menu = ({ currentTarget }) => openMenu(currentTarget, [
      person.rooms.length && { label: "Kick from a room…", run: () => kick(person, again) },
      { label: "Erase messages…", run: () => erase(person) },
      { label: "Disconnect…", danger: true, run: () => disconnect(person, again) },
      { label: "Ban from the server…", danger: true, run: () => ban(person, again) },
    ], `Actions for ${name}`);
    const tags = [person.operator && "operator", person.account && "account", person.bot && "bot", person.away && "away"].filter(Boolean);
    return [avatar(name), h("div.grow", {}, h("b", {}, name), tags.map((tag) => [" ", h("span.tag", {}, tag)]).flat(),
      h("small", {}, facts.filter(Boolean).join(" · ")), person.rooms.length ? h("small", {}, roomsOf(person)) : null),
    iconButton("more", `Actions for ${name}`, menu)];
  }

  const people = () => {
    const { node, list, more } = listing("Find a name, an account or an address", async (text, after) => {
      const { people: rows, next } = await ask("people", { text, after });
      return { rows, next };
    }, personRow, { none: "Nobody.", start: about });
    return [node, list, more];
  };

  const bans = () => {
    const { node, list, more, show } = listing("Find a mask", async (text, after) => {
      const { bans: rows, next } = await ask("bans", { text, after });
      return { rows, next };
    }, ({ mask, by, time, until, reason }, again) => [
      h("div.grow", {}, h("b", {}, line(mask)), reason && h("span.reason", {}, line(reason)), h("small", {}, `${until ? `until ${moment(until)}` : "without an end"} · by ${line(by)} · ${moment(time)}`)),
      h("button.link", { "aria-label": `Lift the ban of ${line(mask)}`, onclick: () => lift(mask, again) }, "Lift"),
    ], { none: "Nobody is banned from the server." });
    return [h("div.row", {}, node, h("button.button", { onclick: () => ban(null, show) }, "Ban…")), list, more];
  };

  const audit = () => {
    const { node, list, more } = listing("Find in what was done", async (text, before) => {
      const { entries: rows, next } = await ask("audit", { text, before });
      return { rows, next };
    }, ({ time, says }) => [h("div.grow", {}, h("span.says", {}, line(says)), h("small", {}, moment(time)))], { none: "No operator did anything." });
    return [node, list, more];
  };

  const limits = () => {
    const content = h("div.panel", {}, hint("…"));
    const rows = (found) => h("ul.rows", {}, found.map(([count, text, more]) => h("li.listed", {}, h("b.count", {}, count), h("div.grow", {}, text, more ? h("small", {}, more) : null))));
    ask("limits").then(({ since, limits: found, networks, refused }) => content.replaceChildren(
      hint(`How often since the server was started, ${moment(since)}:`),
      rows(found.map(({ count, means }) => [count.toLocaleString(), line(means)])),
      h("h3", {}, "Networks with the most connections"),
      rows(networks.map(({ network, connections, people: there, wait }) => [connections.toLocaleString(), line(network), `${plural(there, "person", "people")}${wait ? `; over its limit, waits ${lasting(wait)}` : ""}`])),
      refused.length ? h("h3", {}, "Refused for a while") : "",
      rows(refused.map(({ network, what, seconds }) => ["", line(network), `${REFUSED[what] ?? what}, for ${lasting(seconds)}`])),
    ), (error) => content.replaceChildren(hint(error.message)));
    return [content];
  };

  const panel = h("div.panel", { role: "tabpanel", id: "administration" });
  const tabs = [["People", people], ["Bans", bans], ["Audit", audit], ["Limits", limits]].map(([name, make]) => h("button", {
    role: "tab", "aria-controls": "administration", id: `tab-${name}`, onclick: ({ currentTarget }) => select(currentTarget, make),
  }, name));
  const select = (tab, make) => {
    for (const one of tabs) {
      one.setAttribute("aria-selected", String(one === tab));
      one.tabIndex = one === tab ? 0 : -1;
    }
    told.hidden = true;
    panel.setAttribute("aria-labelledby", tab.id);
    panel.replaceChildren(...make());
  };
  const bar = h("div.tabs", { role: "tablist", "aria-label": "Parts", onkeydown: (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const tab = tabs[(tabs.indexOf(event.target) + step + tabs.length) % tabs.length];
    tab.focus();
    tab.click();
    event.preventDefault();
  } }, tabs);
  const { dialog } = openDialog("This server", h("div.content.console", {}, bar, told, panel));
  select(tabs[0], people);
  tabs[0].focus();
  return dialog;
}
