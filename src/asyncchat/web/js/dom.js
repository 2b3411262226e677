// Makes elements. HTML is never parsed: text stays text.

/** An element: `h("button.send", { onclick }, "Send")`. */
export function h(spec, attributes = {}, ...children) {
  const [tag, ...classes] = spec.split(".");
  const node = document.createElement(tag);
  if (tag === "button") node.type = "button";
  if (classes.length) node.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes)) {
    if ((value ?? false) === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "value" || (key in node && typeof value !== "string")) node[key] = value;
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => (child ?? false) !== false));
  return node;
}

/** Makes nodes the children of another; those that are there already and in order are not touched. */
export function place(parent, nodes) {
  const wanted = new Set(nodes);
  for (const child of [...parent.childNodes]) if (!wanted.has(child)) child.remove();
  let next = parent.firstChild;
  for (const node of nodes) {
    if (node === next) next = next.nextSibling;
    else parent.insertBefore(node, next);
  }
}

const SVG = "http://www.w3.org/2000/svg";

const ICONS = {
  send: "M4 12l16-8-6 16-3-7-7-1z",
  people: "M9 11a4 4 0 1 0 0-8 4 4 0 0 0 0 8zm-7 9a7 7 0 0 1 14 0M16 4a4 4 0 0 1 0 7m2 3a7 7 0 0 1 4 6",
  search: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zm5-2l5 5",
  menu: "M4 6h16M4 12h16M4 18h16",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  reply: "M10 5L4 11l6 6M4 11h9a7 7 0 0 1 7 7",
  smile: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM8 14a5 5 0 0 0 8 0M9 9h.01M15 9h.01",
  close: "M6 6l12 12M18 6L6 18",
  settings: "M4 7h9m6 0h1M4 17h1m6 0h9M16 4.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5zM8 14.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z",
  pin: "M9 3h6l-1 6 4 4H6l4-4zM12 13v8",
  plus: "M12 5v14M5 12h14",
  down: "M6 9l6 6 6-6",
  up: "M6 15l6-6 6 6",
  mute: "M18 16H4c0-1 2-2 2-7 0-1 .2-2 .7-3M9 3.8a6 6 0 0 1 9 5.2c0 2 .3 3.5.8 4.6M10 19a2 2 0 0 0 4 0M3 3l18 18",
  clip: "M20 11l-8.5 8.5a5 5 0 0 1-7-7L13 4a3.3 3.3 0 0 1 4.7 4.7l-8.6 8.5a1.7 1.7 0 0 1-2.4-2.4L14.5 7",
  shield: "M12 3l7 3v5c0 5-3 8-7 10-4-2-7-5-7-10V6z",
  file: "M14 3H6v18h12V7zM14 3v4h4",
};

/** One of the page's icons; screen readers ignore it. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.classList.add("icon");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** A button with an icon and a label for screen readers and the tooltip. */
export function iconButton(name, label, onclick, spec = "button.icon-button") {
  return h(spec, { "aria-label": label, title: label, onclick }, icon(name));
}

export function hue(name) {
  let value = 2166136261;
  for (const char of name) value = Math.imul(value ^ char.codePointAt(0), 16777619);
  return (value >>> 8) % 360;
}

export function avatar(name, spec = "span.avatar") {
  const node = h(spec, { "aria-hidden": "true" });
  const letter = [...name.replace(/^[^\p{L}\p{N}]+/u, "")][0] ?? [...name][0] ?? "?";
  node.textContent = letter.toUpperCase();
  node.style.setProperty("--hue", hue(name.toLowerCase()));
  return node;
}

/** Shows a modal dialog of this content; resolves when it is closed. */
export function openDialog(title, content) {
  const heading = h("h2", { id: `dialog-${Date.now()}` }, title);
  const before = document.activeElement?.getAttribute("aria-label");
  const dialog = h(
    "dialog.dialog",
    { "aria-labelledby": heading.id, tabIndex: -1 },
    h("header", {}, heading, iconButton("close", "Close", () => dialog.close())),
    content,
  );
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  const done = new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      // What had the focus may have been drawn again meanwhile.
      if (before && document.activeElement === document.body) document.querySelector(`[aria-label="${CSS.escape(before)}"]`)?.focus();
      resolve();
    });
  });
  document.body.append(dialog);
  dialog.showModal();
  // Not on "Close": a space in what somebody types there would close it, and the rest would go into the message field.
  if (!content.querySelector("[autofocus]")) dialog.focus();
  return { dialog, done };
}

/** A short notice that disappears by itself; screen readers announce it. */
export function toast(text, { action = null, seconds = 6 } = {}) {
  const place = document.getElementById("toasts");
  const node = h("div.toast", {}, h("span", {}, text));
  const remove = () => node.remove();
  if (action) node.append(h("button.link", { onclick: () => { remove(); action.run(); } }, action.label));
  node.append(iconButton("close", "Dismiss", remove));
  place.append(node);
  while (place.children.length > 4) place.firstChild.remove();
  setTimeout(remove, seconds * 1000);
}

export const failed = (error) => toast(error.message);

/** Copies a text. Without a secure context there is no clipboard API: a selection is copied instead. */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = h("textarea.unseen", { value: text, readOnly: true });
    (document.querySelector("dialog[open]") ?? document.body).append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

/** Makes how what floats above the page is closed, also by a click elsewhere; then the focus is where it was before. */
export function closing(node) {
  const before = document.activeElement;
  const close = (focus = true) => {
    node.remove();
    document.removeEventListener("pointerdown", outside, true);
    if (focus && before?.isConnected) before.focus();
  };
  const outside = (event) => { if (!node.contains(event.target)) close(false); };
  document.addEventListener("pointerdown", outside, true);
  return close;
}

/** Puts a floating element beside another one, within what is seen of the page; on a phone the keyboard takes a part of it. */
export function placeNear(node, anchor) {
  // A message's tools are hidden when nothing points at it any more.
  const box = (anchor.offsetParent ? anchor : anchor.closest(".message") ?? anchor).getBoundingClientRect();
  const own = node.getBoundingClientRect();
  const height = visualViewport?.height ?? innerHeight;
  const below = box.bottom + 4;
  const above = box.top - own.height - 4;
  const top = below + own.height <= height - 8 ? below : above >= 8 ? above : Math.max(8, height - own.height - 8);
  node.style.left = `${Math.max(8, Math.min(box.left, innerWidth - own.width - 8))}px`;
  node.style.top = `${top}px`;
}

/** A menu of actions at an element; arrow keys move in it, Escape closes it. */
export function openMenu(anchor, items, label, spec = "div.menu") {
  document.querySelector(".menu")?.remove();
  const menu = h(spec, { role: "menu", "aria-label": label });
  const close = closing(menu);
  for (const item of items.filter(Boolean)) {
    if (item === "-") menu.append(h("hr", { role: "separator" }));
    else {
      const run = () => { close(); item.run(); };
      menu.append(h(`button.menu-item${item.danger ? ".danger" : ""}`, { role: "menuitem", tabIndex: -1, onclick: run }, item.label));
    }
  }
  menu.addEventListener("keydown", (event) => {
    const buttons = [...menu.querySelectorAll("button")];
    const at = buttons.indexOf(document.activeElement);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) buttons[(at + step + buttons.length) % buttons.length].focus();
    else if (event.key === "Home") buttons[0].focus();
    else if (event.key === "End") buttons.at(-1).focus();
    else if (event.key === "Escape" || event.key === "Tab") close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  (anchor.closest("dialog") ?? document.getElementById("main")).append(menu);
  placeNear(menu, anchor);
  menu.querySelector("button")?.focus();
}
