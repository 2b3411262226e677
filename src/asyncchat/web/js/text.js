// Turns a message's text into nodes: code, bold, lists, quotes, links. It makes only text nodes and elements of its own, so that
// nothing that another person sends becomes markup; only http and https become links.
// A text costs what it is long: a mark is sought no further than to its next occurrence, and in no pattern does anything
// follow an unbounded repetition.

import { coloured } from "./code.js";
import { h } from "./dom.js";

const FENCE = "```";
const OPENING = /https?:\/\/|(?<![\p{L}\p{N}.@/-])www\.(?=[\p{L}\p{N}])|`(?!`)|\*\*(?!\*)|~~(?!~)|(?<![\p{L}\p{N}*])\*(?![*\s])|(?<![\p{L}\p{N}_])_(?![_\s])|(?<![\p{L}\p{N}&/])#(?=\p{L})/gu;
const TAGS = { "`": "code", "**": "strong", "~~": "s", "*": "em", _: "em" };
const ADDRESS = /[^\s<>"`]+/y;
const ROOM = /[\p{L}\p{N}_.-]+/uy;
const WORD = /[\p{L}\p{N}]/uy;
// eslint-disable-next-line no-control-regex
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]/g;
const IRC_FORMAT = /\u0003(?:\d{1,2}(?:,\d{1,2})?)?|\u0004(?:[0-9a-fA-F]{6}(?:,[0-9a-fA-F]{6})?)?|[\u0002\u000f\u0011\u0016\u001d\u001e\u001f]/g;
const MARKS = /([\p{M}\u200c\u200d]{8})[\p{M}\u200c\u200d]+/gu;
const MOST_ELEMENTS = 300; // of one message; what follows is shown as it was written
const MOST_NAME = 100;
const MOST_QUOTES = 3; // quotes in a quote

/** A text without IRC formatting, controls and bidi overrides, which are invisible or change the line's direction. */
export function clean(text) {
  return text.replace(IRC_FORMAT, "").replace(CONTROLS, "").replace(/[\u2028\u2029]/g, "\n").replace(MARKS, "$1");
}

/** How names are sorted. */
export const byName = new Intl.Collator(undefined, { sensitivity: "base", numeric: true });

/** The beginning of a text; "…" stands for the rest. */
export function clip(text, most) {
  return text.length > most ? `${text.slice(0, most).replace(/[\ud800-\udbff]$/, "")}…` : text;
}

/** A name to show: clean, short, on one line. */
export function cleanName(text) {
  return clip(clean(text).replace(/[\n\t]/g, " "), MOST_NAME).trim() || "?";
}

/** What a sticky pattern matches at an index; "" if it does not match there. */
function matchAt(pattern, text, index) {
  pattern.lastIndex = index;
  return pattern.exec(text)?.[0] ?? "";
}

function trimmedEnd(text, chars) {
  let end = text.length;
  while (chars.includes(text[end - 1])) end -= 1;
  return text.slice(0, end);
}

/** An address without what belongs to the sentence around it. */
function trimmedUrl(url) {
  let end = url.length;
  let closing = url.split(")").length - url.split("(").length;
  for (; ; end -= 1) {
    if (url[end - 1] === ")" && closing > 0) closing -= 1;
    else if (!".,:;!?'\"]}*_~".includes(url[end - 1])) return url.slice(0, end);
  }
}

/** A text as a part of a pattern that stands for itself. */
const literal = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

let mentions = { nick: "", pattern: null };

function mentionsOf(nick) {
  if (nick !== mentions.nick) {
    mentions = { nick, pattern: new RegExp(`(?<![\\p{L}\\p{N}_])@?${literal(nick)}(?![\\p{L}\\p{N}_])`, "giu") };
  }
  return mentions.pattern;
}

export function mentioned(text, nick) {
  return Boolean(nick) && text.search(mentionsOf(nick)) >= 0;
}

function appendPlain(parent, text, reader) {
  let from = 0;
  for (const match of reader.nick ? text.matchAll(mentionsOf(reader.nick)) : []) {
    if (reader.left <= 0) break;
    reader.left -= 1;
    parent.append(text.slice(from, match.index), h("span.mention", {}, match[0]));
    from = match.index + match[0].length;
  }
  parent.append(text.slice(from));
}

/** The element that a mark opens, and the index after it; null if the mark is only a character. */
function span(text, mark, start, reader, depth) {
  if (mark.startsWith("http") || mark === "www.") {
    const url = trimmedUrl(mark + matchAt(ADDRESS, text, start));
    if (url.length <= mark.length) return null;
    const href = mark === "www." ? `https://${url}` : url;
    const node = URL.canParse(href) ? h("a", { href, target: "_blank", rel: "noopener noreferrer nofollow ugc" }, url) : url;
    return [node, start + url.length - mark.length];
  }
  if (mark === "#") {
    const name = trimmedEnd(matchAt(ROOM, text, start), ".-");
    return [h("a.room-link", { href: `#${encodeURIComponent(name)}` }, `#${name}`), start + name.length];
  }
  const close = text.indexOf(mark[0], start);
  const end = close + mark.length;
  const inner = text.slice(start, Math.max(start, close));
  if (!inner || inner.includes("\n") || text.slice(close, end) !== mark) return null;
  const node = h(TAGS[mark]);
  if (TAGS[mark] === "em" && (/\s/.test(inner.at(-1)) || text[end] === mark || matchAt(WORD, text, end))) return null;
  if (mark === "`" || depth === 3) node.textContent = inner;
  else appendSpans(node, inner, reader, depth + 1);
  return [node, end];
}

function appendSpans(parent, text, reader, depth = 0) {
  let from = 0;
  for (let at = 0; reader.left > 0;) {
    OPENING.lastIndex = at;
    const match = OPENING.exec(text);
    if (!match) break;
    at = match.index + match[0].length;
    const found = span(text, match[0], at, reader, depth);
    if (!found) continue;
    appendPlain(parent, text.slice(from, match.index), reader);
    parent.append(found[0]);
    reader.left -= 1;
    from = at = found[1];
  }
  appendPlain(parent, text.slice(from), reader);
}

// Lines that begin with a mark: a quote, a list, a heading.

const ITEM = /^ {0,3}(?:[-*]|(\d{1,4})[.)]) (?=\S)/;
const QUOTE = /^>(?: |$)/;
const HEADING = /^#{1,3} (?=\S)/;
const MARKED = /^(?:>|#{1,3} | {0,3}(?:[-*]|\d{1,4}[.)]) )/m;

function kindOf(line) {
  if (QUOTE.test(line)) return "quote";
  const item = ITEM.exec(line);
  if (item) return item[1] ? "numbers" : "points";
  return HEADING.test(line) ? "heading" : "";
}

/** The blocks of a text: [kind, its lines]. */
function blocksOf(lines) {
  const blocks = [];
  for (const line of lines) {
    const kind = kindOf(line);
    const last = blocks.at(-1);
    if (last?.[0] === kind && kind !== "heading") last[1].push(line);
    else blocks.push([kind, [line]]);
  }
  return blocks;
}

function appendList(parent, kind, lines, reader) {
  const list = kind === "numbers" ? h("ol", { start: Number(ITEM.exec(lines[0])[1]) }) : h("ul");
  parent.append(list);
  for (const line of lines) {
    const item = h("li");
    list.append(item);
    reader.left -= 1;
    appendSpans(item, line.replace(ITEM, ""), reader);
  }
}

function appendBlocks(parent, text, reader, depth = 0) {
  if (!MARKED.test(text)) return appendSpans(parent, text, reader);
  const blocks = blocksOf(text.split("\n"));
  let plain = [];
  const flush = () => {
    if (parent.lastChild?.localName && !plain[0]) plain.shift(); // a block has its distance
    if (plain.length) appendSpans(parent, plain.join("\n"), reader);
    plain = [];
  };
  for (const [kind, lines] of blocks) {
    if (!kind || reader.left < lines.length) {
      plain.push(...lines);
      continue;
    }
    flush();
    if (kind === "heading") {
      const node = h("div.heading");
      reader.left -= 1;
      appendSpans(node, lines[0].replace(HEADING, ""), reader);
      parent.append(node);
    } else if (kind === "quote") {
      const node = h("blockquote");
      reader.left -= 1;
      const inner = lines.map((line) => line.replace(QUOTE, "")).join("\n");
      if (depth < MOST_QUOTES) appendBlocks(node, inner, reader, depth + 1);
      else appendSpans(node, inner, reader);
      parent.append(node);
    } else appendList(parent, kind, lines, reader);
  }
  return flush();
}

/** A message's text as nodes; mentions of `nick`, the reader, are highlighted. */
export function rich(text, nick = "") {
  const out = document.createDocumentFragment();
  const reader = { nick, left: MOST_ELEMENTS };
  const shown = clean(text);
  let from = 0;
  while (reader.left > 0) {
    const open = shown.indexOf(FENCE, from);
    const close = open < 0 ? -1 : shown.indexOf(FENCE, open + FENCE.length + 1);
    if (close < 0) break;
    if (open > from) appendBlocks(out, shown.slice(from, open).replace(/\n$/, ""), reader);
    const block = shown.slice(open + FENCE.length, close);
    const named = /^([\w+-]{1,20})\n\n?(?=[\s\S])/.exec(block);
    const code = (named ? block.slice(named[0].length) : block.replace(/^\n(?=[\s\S])/, "")).replace(/\n$/, "");
    out.append(h("pre", { tabIndex: 0 }, coloured(code, named?.[1].toLowerCase() ?? "")));
    reader.left -= 1;
    from = close + FENCE.length;
    if (shown[from] === "\n") from += 1;
  }
  if (from < shown.length) appendBlocks(out, shown.slice(from), reader);
  return out;
}

/** Marks where words stand in the text of a node, whatever their case. */
export function markWords(node, words) {
  if (!words.length) return node;
  const pattern = new RegExp(words.map(literal).join("|"), "giu");
  const walker = document.createTreeWalker(node, NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walker.nextNode()) texts.push(walker.currentNode);
  for (const text of texts) {
    let from = 0;
    const out = document.createDocumentFragment();
    for (const match of text.data.matchAll(pattern)) {
      out.append(text.data.slice(from, match.index), h("mark", {}, match[0]));
      from = match.index + match[0].length;
    }
    if (from) text.replaceWith(out, text.data.slice(from));
  }
  return node;
}

/** The words and "exact phrases" of a search. */
export function wordsOf(search) {
  const parts = search.split('"');
  const isPhrase = (at) => at % 2 === 1 && at < parts.length - 1;
  return parts.flatMap((part, at) => (isPhrase(at) ? [part] : part.split(/\s/))).filter(Boolean);
}
