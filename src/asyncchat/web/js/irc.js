// Lines of IRC: text to values and back. It must not know sockets or the page.
// Grammar: modern.ircdocs.horse, "Message Format"; tags: IRCv3 message-tags.

const TAG_ESCAPES = { ":": ";", s: " ", "\\": "\\", r: "\r", n: "\n" };
const TAG_UNSAFE = { ";": "\\:", " ": "\\s", "\\": "\\\\", "\r": "\\r", "\n": "\\n" };

function unescapeTag(value) {
  let out = "";
  for (let i = 0; i < value.length; i += 1) {
    if (value[i] !== "\\") out += value[i];
    else if (i + 1 < value.length) {
      i += 1;
      out += TAG_ESCAPES[value[i]] ?? value[i];
    }
  }
  return out;
}

export function escapeTag(value) {
  return value.replace(/[; \\\r\n]/g, (char) => TAG_UNSAFE[char]);
}

/** One line without CR LF, as {tags, source, command, params}; null if it is not a message. */
export function parse(line) {
  let rest = line;
  const tags = new Map();
  let source = null;
  if (rest.startsWith("@")) {
    const end = rest.indexOf(" ");
    if (end < 0) return null;
    for (const item of rest.slice(1, end).split(";")) {
      const at = item.indexOf("=");
      if (at < 0) tags.set(item, "");
      else tags.set(item.slice(0, at), unescapeTag(item.slice(at + 1)));
    }
    rest = rest.slice(end).trimStart();
  }
  if (rest.startsWith(":")) {
    const end = rest.indexOf(" ");
    if (end < 0) return null;
    source = { nick: rest.slice(1, end).split(/[!@]/, 1)[0] };
    rest = rest.slice(end).trimStart();
  }
  const params = [];
  let command = "";
  while (rest) {
    if (rest.startsWith(":") && command) {
      params.push(rest.slice(1));
      break;
    }
    const end = rest.indexOf(" ");
    const word = end < 0 ? rest : rest.slice(0, end);
    if (command) params.push(word);
    else command = word.toUpperCase();
    rest = end < 0 ? "" : rest.slice(end + 1).trimStart();
  }
  return command ? { tags, source, command, params } : null;
}

/** A line without CR LF. The last parameter may have spaces; none may have a line end. */
export function format(command, params = [], tags = null) {
  const words = [command];
  params.forEach((param, index) => {
    const text = String(param).replace(/[\r\n\0]/g, " ");
    const last = index === params.length - 1;
    words.push(last && (text === "" || text.includes(" ") || text.startsWith(":")) ? `:${text}` : text);
  });
  const body = words.join(" ");
  const entries = tags ? Object.entries(tags) : [];
  if (!entries.length) return body;
  return `@${entries.map(([key, value]) => (value === "" ? key : `${key}=${escapeTag(value)}`)).join(";")} ${body}`;
}

export function size(text) {
  return new TextEncoder().encode(text).length;
}

/** A text in pieces of at most so many bytes, cut between grapheme clusters, at spaces if possible. */
export function pieces(text, most) {
  if (size(text) <= most) return [text];
  const out = [];
  let line = "";
  let bytes = 0;
  let space = -1;
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    const more = size(segment);
    if (bytes + more > most && line) {
      if (space > line.length / 2) {
        out.push(line.slice(0, space));
        line = line.slice(space);
      } else {
        out.push(line);
        line = "";
      }
      bytes = size(line);
      space = -1;
    }
    line += segment;
    bytes += more;
    if (segment === " ") space = line.length;
  }
  if (line) out.push(line);
  return out;
}

export function fold(name) {
  return name.normalize("NFKC").toLowerCase();
}

export const isRoom = (name) => name.startsWith("#");

export function timeOf(tags) {
  return Date.parse(tags.get("time") ?? "") || Date.now();
}
