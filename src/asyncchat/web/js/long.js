// A text that is too long for one message: it is counted, and sent in blocks only when that is chosen.

import { hint } from "./dialogs.js";
import { h, openDialog } from "./dom.js";

/** Asks what becomes of a text; `send(parts)` says it in messages; `upload(file)`, if files can be sent, sends it as one. */
export function longDialog(chat, text, send, upload = null) {
  const blocks = chat.blocksOf(text);
  const isCode = blocks[0].startsWith("```");
  const count = text.split("\n").length;
  const counts = `${count === 1 ? "" : `${count.toLocaleString()} lines, `}${text.length.toLocaleString()} characters`;
  const button = (label, act, spec) => h(spec, { onclick: () => { dialog.close(); act(); } }, label);
  const content = h("div.content", {},
    h("p", {}, `This text has ${counts}: more than one message takes.`),
    upload ? button("Send as a file", () => upload(new File([text], "text.txt", { type: "text/plain" })), "button.button") : "",
    button(`Send as ${blocks.length} messages${isCode ? ", each a block of code" : ""}`, () => send(blocks), upload ? "button.button.quiet" : "button.button"),
    button("Change it first", () => { /* it is still in the field */ }, "button.button.quiet"),
    hint(upload ? "A file is one message for everybody." : "Everybody in the room reads each of these messages."));
  const { dialog } = openDialog("A long text", content);
}
