// Emoji: their names, loaded when they are first needed, and the picker, which finds them by name.

import { closing, h, placeNear } from "./dom.js";

const KEPT = "asyncchat.emoji";
const MOST_RECENT = 24;
const FIRST = ["👍", "❤️", "😂", "🎉", "😮", "😢", "🙏", "✅", "👀", "🔥", "🚀", "👎", "💯", "🤔", "☕", "❌"];
const COLUMNS = 8;

let loading = null;

/** All emoji in groups: [{name, emoji: [{char, names, words}]}]. */
export function loadEmoji() {
  loading ??= fetch(new URL("../emoji.json", import.meta.url)).then(async (response) => {
    if (!response.ok) throw new Error("The emoji can't be loaded now");
    const parsed = ([char, names, words]) => ({ char, names: names.split(" "), words: ` ${names.replaceAll("_", " ")} ${words}` });
    return (await response.json()).map(([name, emoji]) => ({ name, emoji: emoji.map(parsed) }));
  }).catch((error) => { loading = null; throw error; });
  return loading;
}

/** The best matches of a part of a name: those whose name begins so come first. */
export async function findEmoji(text, most) {
  const words = text.toLowerCase().split(/[\s_]/).filter(Boolean);
  const name = words.join("_");
  const ranked = [[], [], []];
  for (const group of await loadEmoji()) {
    for (const one of group.emoji) {
      if (one.names.includes(name)) ranked[0].push(one);
      else if (one.names.some((other) => other.startsWith(name))) ranked[1].push(one);
      else if (words.every((word) => one.words.includes(` ${word}`))) ranked[2].push(one);
    }
  }
  return ranked.flat().slice(0, most);
}

/** The emoji of a whole name, or "". */
export async function namedEmoji(name) {
  const [found] = await findEmoji(name, 1);
  return found?.names.includes(name.toLowerCase()) ? found.char : "";
}

const recent = () => JSON.parse(localStorage.getItem(KEPT) ?? "[]");

export function noteEmoji(char) {
  localStorage.setItem(KEPT, JSON.stringify([char, ...recent().filter((other) => other !== char)].slice(0, MOST_RECENT)));
}

/** Opens the picker at an element; `pick(char)` is called with what is chosen. */
export function openPicker(anchor, pick) {
  document.querySelector(".picker")?.dispatchEvent(new Event("leave"));
  const search = h("input", { type: "search", placeholder: "Find an emoji", "aria-label": "Find an emoji", autocomplete: "off", enterkeyhint: "go" });
  const list = h("div.scroll", { tabIndex: 0, role: "group", "aria-label": "All emoji" });
  const picker = h("div.picker", { role: "dialog", "aria-label": "Emoji" }, search, list);
  const close = closing(picker);
  const button = (char, name) => h("button", { tabIndex: -1, title: name, "aria-label": name ? `${char} ${name.replaceAll("_", " ")}` : char, onclick: () => { noteEmoji(char); close(); pick(char); } }, char);
  const group = (title, emoji) => h("section", { "aria-label": title }, h("h2", {}, title), h("div.emoji", {}, emoji.map(({ char, names }) => button(char, names[0]))));
  const show = async () => {
    const text = search.value.trim();
    const first = [...new Set([...recent(), ...FIRST])].slice(0, MOST_RECENT).map((char) => ({ char, names: [""] }));
    if (!text) list.replaceChildren(group("Often used", first));
    try {
      const groups = text ? [] : await loadEmoji();
      const found = text ? await findEmoji(text, 80) : [];
      if (!picker.isConnected || text !== search.value.trim()) return;
      const known = new Map(groups.flatMap(({ emoji }) => emoji.map((one) => [one.char, one])));
      if (text) list.replaceChildren(found.length ? group("Found", found) : h("p.hint", { role: "status" }, "No emoji has such a name."));
      else list.replaceChildren(group("Often used", first.map((one) => known.get(one.char) ?? one)), ...groups.map(({ name, emoji }) => group(name, emoji)));
    } catch (error) {
      list.append(h("p.hint", { role: "status" }, error.message));
    }
  };
  search.addEventListener("input", show);
  picker.addEventListener("leave", () => close(false));
  picker.addEventListener("keydown", (event) => {
    const buttons = [...list.querySelectorAll("button")];
    const at = buttons.indexOf(document.activeElement);
    const go = (index) => (index < 0 ? search : buttons[Math.min(index, buttons.length - 1)])?.focus();
    const step = { ArrowDown: at < 0 ? 1 : COLUMNS, ArrowUp: -COLUMNS, ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (event.key === "Escape") close();
    else if (event.key === "Enter" && at < 0) buttons[0]?.click();
    else if (event.key === "Tab") go(at < 0 && !event.shiftKey ? 0 : -1);
    else if (step && (at >= 0 || event.key === "ArrowDown")) go(at + step);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  document.body.append(picker);
  show();
  placeNear(picker, anchor);
  // On a phone the keyboard would cover what is to be tapped.
  if (matchMedia("(hover: hover)").matches) search.focus();
  else list.focus();
}
