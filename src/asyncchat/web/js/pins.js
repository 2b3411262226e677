// Pinned messages: the bar above the timeline, and the list that it opens. The pins are in chat.js.

import { hint, when } from "./dialogs.js";
import { failed, h, icon, openDialog } from "./dom.js";
import { clean, cleanName } from "./text.js";

const textOf = (pin) => clean(pin.text) || "(no longer in the history)";

/** Draws the bar: the newest pin, and how many there are. */
export function drawPins(node, chat, goTo) {
  const room = chat.current;
  const pins = room?.joined ? room.pins : [];
  const focused = node.contains(document.activeElement);
  node.hidden = !pins.length;
  if (node.hidden) return;
  const name = cleanName(pins.at(-1).nick);
  const text = textOf(pins.at(-1));
  node.replaceChildren(h("button", {
    "aria-haspopup": "dialog",
    "aria-label": `Pinned messages: ${pins.length}. The newest one, by ${name}: ${text}`, onclick: () => pinsDialog(chat, room, goTo),
  }, icon("pin"), h("b", {}, name), h("span.text", {}, text), h("span.badge", {}, String(pins.length))));
  if (focused) node.firstChild.focus();
}

export function pinsDialog(chat, room, goTo) {
  const content = h("div.content", {});
  const { dialog, done } = openDialog(`Pinned in ${cleanName(room.name)}`, content);
  const draw = ({ detail } = {}) => {
    if (detail && detail.room !== room) return;
    const list = h("ul", {}, room.pins.toReversed().map((pin) => h("li.listed", {},
      h("button.grow", { onclick: () => { dialog.close(); goTo({ id: pin.id, target: room.name }); } },
        h("b", {}, cleanName(pin.nick)), " ", h("time", {}, when.format(pin.time)), h("div.text", {}, textOf(pin)),
        h("small", {}, `pinned by ${cleanName(pin.by)}`)),
      chat.mayModerate(room) ? h("button.link", { "aria-label": `Unpin ${cleanName(pin.nick)}: ${textOf(pin)}`, onclick: () => chat.togglePin(room, pin.id).catch(failed) }, "Unpin") : null)));
    content.replaceChildren(room.pins.length ? list : hint("No message is pinned."));
  };
  chat.addEventListener("pins", draw);
  done.then(() => chat.removeEventListener("pins", draw));
  draw();
}
