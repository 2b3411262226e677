// Colours code: a small tokenizer that knows strings, comments, numbers and the common words of common languages. It makes
// text nodes and spans only, and reads each character once.

import { h } from "./dom.js";

const MOST_TOKENS = 1500; // of one block; what follows has no colours

const WORDS = {
  py: "and as assert async await break case class continue def del elif else except finally for from global if import in is lambda match nonlocal not or pass raise return try while with yield None True False self",
  js: "async await break case catch class const continue default delete do else export extends finally for from function get if import in instanceof interface let new null of private public readonly return set static super switch this throw try type typeof undefined var void while yield true false",
  c: "auto bool break case catch char class const constexpr continue default delete do double else enum extern final float for goto if import implements include int interface long namespace new null nullptr override package private protected public return short signed sizeof static struct super switch template this throw throws try typedef union unsigned using var virtual void volatile while true false",
  go: "break case chan const continue default defer else fallthrough for func go goto if import interface map package range return select struct switch type var nil true false string int bool error",
  rs: "as async await break const continue crate dyn else enum extern fn for if impl in let loop match mod move mut pub ref return self Self static struct super trait true false type unsafe use where while",
  rb: "begin break case class def do else elsif end ensure false for if in module next nil not or redo rescue return self super then true unless until when while yield require",
  sh: "case do done elif else esac export fi for function if in local return set then until while echo exit cd sudo",
  sql: "add all alter and as asc between by case constraint create cross default delete desc distinct drop else end exists foreign from full group having in index inner insert into is join key left like limit not null offset on or order outer primary references right select set table then union unique update values view when where with",
  json: "true false null",
  yaml: "true false null yes no on off",
};

/** By language: its words, how a comment begins, and where it ends if not with the line. */
const KINDS = {
  py: { words: "py", line: "#" }, rb: { words: "rb", line: "#" }, sh: { words: "sh", line: "#" }, yaml: { words: "yaml", line: "#" },
  js: { words: "js", line: "//", block: true }, c: { words: "c", line: "//", block: true }, go: { words: "go", line: "//", block: true },
  rs: { words: "rs", line: "//", block: true }, css: { words: "json", line: "/*", block: true }, sql: { words: "sql", line: "--", fold: true },
  json: { words: "json", line: "//" },
};

const NAMES = {
  python: "py", python3: "py", javascript: "js", jsx: "js", mjs: "js", ts: "js", tsx: "js", typescript: "js", h: "c", cpp: "c", "c++": "c", cc: "c", cs: "c", csharp: "c",
  java: "c", kotlin: "c", kt: "c", swift: "c", php: "c", golang: "go", rust: "rs", ruby: "rb", bash: "sh", shell: "sh", zsh: "sh", console: "sh", dockerfile: "sh",
  toml: "yaml", ini: "yaml", yml: "yaml", scss: "css", less: "css", postgres: "sql", sqlite: "sql",
};

const sets = new Map();

function wordsOf(name) {
  if (!sets.has(name)) sets.set(name, new Set(WORDS[name].split(" ")));
  return sets.get(name);
}

const isWord = (char) => /[\w$]/.test(char ?? "") || char > "\u00bf";
const isDigit = (char) => char >= "0" && char <= "9";

/** The index after a string that begins at `at`; a line's end ends it, unless its mark is one of three. */
function endOfString(text, at) {
  const mark = text[at];
  const triple = mark.repeat(3);
  const many = mark !== "`" && text.startsWith(triple, at);
  const closing = many ? triple : mark;
  for (let end = at + closing.length; end < text.length; end += 1) {
    if (text[end] === "\\") end += 1;
    else if (text.startsWith(closing, end)) return end + closing.length;
    else if (text[end] === "\n" && !many && mark !== "`") return end;
  }
  return text.length;
}

function lineEnd(text, at) {
  const end = text.indexOf("\n", at);
  return end < 0 ? text.length : end;
}

/** The kind of the token at an index, and the index after it; a kind of "" has no colour. */
function token(text, at, kind) {
  const char = text[at];
  if (kind.block && text.startsWith("/*", at)) {
    const end = text.indexOf("*/", at + 2);
    return ["comment", end < 0 ? text.length : end + 2];
  }
  if (text.startsWith(kind.line, at) && (kind.line !== "#" || at === 0 || !isWord(text[at - 1]))) return ["comment", lineEnd(text, at)];
  if (char === "\"" || char === "'" || char === "`") return ["string", endOfString(text, at)];
  let end = at + 1;
  if (!isWord(char)) return ["", end];
  while (isWord(text[end]) || (isDigit(char) && text[end] === "." && isDigit(text[end + 1]))) end += 1;
  if (isDigit(char)) return ["number", end];
  const word = text.slice(at, end);
  return [wordsOf(kind.words).has(kind.fold ? word.toLowerCase() : word) ? "word" : "", end];
}

/** Code as nodes, coloured where its language is known. */
export function coloured(text, language) {
  const kind = KINDS[NAMES[language] ?? language];
  const node = h("code");
  if (!kind) {
    node.textContent = text;
    return node;
  }
  let from = 0;
  let left = MOST_TOKENS;
  for (let at = 0; at < text.length && left > 0;) {
    const [name, end] = token(text, at, kind);
    if (name) {
      node.append(text.slice(from, at), h(`span.code-${name}`, {}, text.slice(at, end)));
      from = end;
      left -= 1;
    }
    at = end;
  }
  node.append(text.slice(from));
  return node;
}
