// Invitations: what a link has, and the dialog that makes one. The code is behind the # of the link, where neither the
// server nor a proxy is told of it.

import { choice, hint } from "./dialogs.js";
import { copyText, h, openDialog } from "./dom.js";
import { clean, cleanName } from "./text.js";

const MARK = "?invite=";
const NUMBER = "asyncchat/invite";
const USES = [1, 5, 10, 30, 100, 1000];
const TIMES = [["1h", "1 hour"], ["2h", "2 hours"], ["1d", "1 day"], ["1w", "1 week"], ["30d", "30 days"]];
const LOCAL = /^(localhost|127\.|\[::1\])/;

/** The room and the code in the address of the page; both may be empty. */
export function parseLink(hash) {
  const [before, code = ""] = hash.slice(1).split(MARK);
  let name = before;
  try {
    name = decodeURIComponent(before);
  } catch { /* a lone % is kept as it is */ }
  name = name.replace(/^#+/, "");
  return { room: name && name !== "composer" ? `#${name}` : "", code: code.trim() };
}

function linkTo(room, code, known) {
  const page = new URL(".", document.baseURI);
  // Others can't reach this machine as localhost; the server may know a better address.
  if (LOCAL.test(page.hostname) && known) return known;
  return `${page.href}#${encodeURIComponent(room.name.slice(1))}${MARK}${code}`;
}

async function qrCode(text) {
  const { generate } = await import("./vendor/lean-qr.js");
  const code = generate(text);
  let path = "";
  for (let y = 0; y < code.size; y += 1) {
    for (let x = 0; x < code.size; x += 1) if (code.get(x, y)) path += `M${x} ${y}h1v1h-1z`;
  }
  const make = (tag, attributes) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    return node;
  };
  const svg = make("svg", { class: "qr", viewBox: `-3 -3 ${code.size + 6} ${code.size + 6}`, role: "img", "aria-label": "QR code of the link", "shape-rendering": "crispEdges" });
  svg.append(make("path", { d: path }));
  return svg;
}

/** Makes links that let people into a room, and lists and revokes them. */
export function inviteDialog(chat, room) {
  const { connection } = chat;
  const uses = choice("For how many people", "30", USES.map((count) => [`${count}`, count === 1 ? "1 person" : `${count.toLocaleString()} people`]));
  const time = choice("For how long", "1d", TIMES);
  const roles = [["", "None"], ["voice", "Voice: may speak where not everyone may"], ...(chat.rankIn(room) >= 3 ? [["operator", "Operator"]] : [])];
  const role = choice("Role in the room", "", roles);
  const error = h("p.error", { role: "alert", hidden: true });
  const made = h("div.invitation", { "aria-live": "polite" });
  const list = h("div");
  const attempt = async (act) => {
    error.hidden = true;
    try {
      await act();
    } catch (fault) {
      error.textContent = fault.message;
      error.hidden = false;
    }
  };
  const notices = async (word, ...params) => (await connection.ask(word, [room.name, ...params])).filter(({ tags }) => tags.has(NUMBER));
  const show = async () => {
    const rows = (await notices("INVITECODES")).filter(({ tags }) => tags.get(NUMBER));
    list.replaceChildren(...(rows.length ? [h("h3", {}, "Links so far")] : []), ...rows.map(({ tags, params }) => {
      const number = tags.get(NUMBER);
      const text = clean(params[1]).trim().replace(`${number}: `, "");
      return h("div.listed", {}, h("span.grow", {}, text), /, (expired|revoked)/.test(text) ? null
        : h("button.link", { type: "button", "aria-label": `Revoke ${number}`, onclick: () => attempt(async () => { await notices("UNINVITE", number); await show(); }) }, "Revoke"));
    }));
  };
  const make = async () => {
    const [first] = await notices("INVITECODE", uses.control.value, time.control.value, ...(role.control.value ? [role.control.value] : []));
    const code = first.tags.get("asyncchat/invite-code");
    const link = linkTo(room, code, first.tags.get("asyncchat/invite-link"));
    const field = h("input", { readOnly: true, value: link, "aria-label": "Link", onfocus: () => field.select() });
    const copied = h("span.hint", { role: "status" });
    const copy = async () => {
      await copyText(link);
      field.select();
      copied.textContent = "Copied.";
    };
    made.replaceChildren(
      h("div.row", {}, h("label.field", {}, "Whoever opens this link picks a name and is in", field),
        h("button.button", { type: "button", onclick: copy }, "Copy"),
        navigator.share ? h("button.button.quiet", { type: "button", onclick: () => navigator.share({ url: link, title: cleanName(room.name) }).catch(() => { /* closed without sharing */ }) }, "Share") : ""),
      copied,
      await qrCode(link),
      hint("In another program: ", h("code", {}, `/join ${room.name} ${code}`)),
      LOCAL.test(new URL(link).hostname) ? hint("This link works only on this computer. For your network, the server must be started with --lan.") : "",
    );
    await show();
  };
  const content = h("form.content", { onsubmit: (event) => { event.preventDefault(); attempt(make); } },
    h("div.row", {}, uses, time, role), h("button.button", { type: "submit" }, "Make a link"), error, made, list);
  openDialog(`Invite people to ${cleanName(room.name)}`, content);
  attempt(show);
}
