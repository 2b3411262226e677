// Turns a message's text into nodes: code, bold, links. It makes only text nodes and elements of its own, so that
// nothing that another person sends becomes markup; only http and https become links.

const BLOCK = /```(?:([\w+-]{1,20})\n)?\n?([\s\S]+?)\n?```/g;
const SPANS =
  /(`[^`\n]+`)|(\*\*[^*\n]+\*\*)|((?<![\p{L}\p{N}*])\*[^*\s](?:[^*\n]*[^*\s])?\*(?![\p{L}\p{N}*]))|((?<![\p{L}\p{N}_])_[^_\s](?:[^_\n]*[^_\s])?_(?![\p{L}\p{N}_]))|(~~[^~\n]+~~)|(https?:\/\/[^\s<>"`\u0000-\u001f\u202a-\u202e\u2066-\u2069]+)|((?<![\p{L}\p{N}&/])#\p{L}[\p{L}\p{N}_.-]*)/gu;
// eslint-disable-next-line no-control-regex
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]/g;
const IRC_FORMAT = /\u0003(?:\d{1,2}(?:,\d{1,2})?)?|\u0004(?:[0-9a-fA-F]{6}(?:,[0-9a-fA-F]{6})?)?|[\u0002\u000f\u0011\u0016\u001d\u001e\u001f]/g;
const MARKS = /(\p{M}{8})\p{M}+/gu;

/** A text without IRC formatting, controls and bidi overrides, which are invisible or change the line's direction. */
export function clean(text) {
  return text.replace(IRC_FORMAT, "").replace(CONTROLS, "").replace(MARKS, "$1");
}

/** A name to show: clean, on one line. */
export function cleanName(text) {
  return clean(text).replace(/[\n\t]/g, " ") || "?";
}

function trimmedUrl(url) {
  let end = url.length;
  while (end > 0 && /[.,:;!?'"\]}*_~]/.test(url[end - 1])) end -= 1;
  let kept = url.slice(0, end);
  while (kept.endsWith(")") && kept.split(")").length > kept.split("(").length) kept = kept.slice(0, -1);
  return kept;
}

function isWeb(url) {
  try {
    return ["http:", "https:"].includes(new URL(url).protocol);
  } catch {
    return false;
  }
}

function element(tag, text, className = "") {
  const node = document.createElement(tag);
  node.textContent = text;
  if (className) node.className = className;
  return node;
}

function link(url) {
  const node = element("a", url);
  node.href = url;
  node.target = "_blank";
  node.rel = "noopener noreferrer nofollow ugc";
  return node;
}

function mentions(text, nick) {
  if (!nick) return null;
  const escaped = nick.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`(?<![\\p{L}\\p{N}_])@?${escaped}(?![\\p{L}\\p{N}_])`, "giu");
}

/** Whether a text mentions somebody. */
export function mentioned(text, nick) {
  return mentions(text, nick)?.test(text) ?? false;
}

function appendPlain(parent, text, nick) {
  const called = mentions(text, nick);
  let from = 0;
  if (called) {
    for (const match of text.matchAll(called)) {
      parent.append(text.slice(from, match.index), element("span", match[0], "mention"));
      from = match.index + match[0].length;
    }
  }
  parent.append(text.slice(from));
}

function appendSpans(parent, text, nick, depth = 0) {
  let from = 0;
  for (const match of text.matchAll(SPANS)) {
    const [whole, code, strong, star, under, struck, url, room] = match;
    if (match.index < from) continue;
    appendPlain(parent, text.slice(from, match.index), nick);
    from = match.index + whole.length;
    if (code) parent.append(element("code", code.slice(1, -1)));
    else if (url) {
      const target = trimmedUrl(url);
      if (isWeb(target)) parent.append(link(target), url.slice(target.length));
      else parent.append(url);
    } else if (room) {
      const node = element("a", room, "room-link");
      node.href = `#${encodeURIComponent(room.slice(1))}`;
      parent.append(node);
    } else {
      const marked = strong ?? star ?? under ?? struck;
      const width = strong || struck ? 2 : 1;
      const node = document.createElement(strong ? "strong" : struck ? "s" : "em");
      if (depth < 3) appendSpans(node, marked.slice(width, -width), nick, depth + 1);
      else node.textContent = marked.slice(width, -width);
      parent.append(node);
    }
  }
  appendPlain(parent, text.slice(from), nick);
}

/** A message's text as nodes; mentions of `nick`, the reader, are highlighted. */
export function rich(text, nick = "") {
  const out = document.createDocumentFragment();
  const shown = clean(text);
  let from = 0;
  for (const match of shown.matchAll(BLOCK)) {
    appendSpans(out, shown.slice(from, match.index).replace(/\n$/, ""), nick);
    const pre = document.createElement("pre");
    pre.tabIndex = 0;
    pre.append(element("code", match[2]));
    if (match[1]) pre.dataset.language = match[1];
    out.append(pre);
    from = match.index + match[0].length;
    if (shown[from] === "\n") from += 1;
  }
  appendSpans(out, shown.slice(from), nick);
  return out;
}
