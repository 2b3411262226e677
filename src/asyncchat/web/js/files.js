// Files: sends those that are pasted, dropped or picked, and shows those that messages link to. It must not know how a
// room is drawn.

import { h, icon, iconButton, toast } from "./dom.js";
import { clean, cleanName, clip } from "./text.js";

const LINK = /\/files\/([a-z2-7]{26})-(?:(\d{1,7})x(\d{1,7})|(\d{1,12}))$/;
const NUMBERS = /^[\d.]+$/;
const PRIVATE = /^(?:127|10|192\.168|172\.(?:1[6-9]|2\d|3[01])|169\.254)\./;
const MOST_WIDTH = 360;
const MOST_HEIGHT = 240;
const LEAST = 40;
const MOST_NAME = 80;
const TOGETHER = 20; // files that are sent at once

/** Where the page is, also below another path of a proxy. */
const base = new URL(".", document.baseURI);

export function sizeText(bytes) {
  if (bytes < 1000) return `${bytes} bytes`;
  const [amount, unit] = bytes < 1e6 ? [bytes / 1000, "KB"] : [bytes / 1e6, "MB"];
  return `${amount < 10 ? amount.toFixed(1).replace(/\.0$/, "") : Math.round(amount)} ${unit}`;
}

/** Whether a host is one of this machine or network, which may have another name for others. */
function isNear(host) {
  return host === "localhost" || host.endsWith(".local") || host.startsWith("[") || (NUMBERS.test(host) && PRIVATE.test(host));
}

/** The file that an address names, if it is one of such a server; null for any other address. */
export function fileOf(href) {
  const url = new URL(href);
  const end = url.pathname.lastIndexOf("/");
  const [, id, width, height, bytes] = LINK.exec(url.pathname.slice(0, end)) ?? [];
  if (!id) return null;
  let shown = url.pathname.slice(end + 1);
  try {
    shown = decodeURIComponent(shown);
  } catch { /* a lone % is kept as it is */ }
  const name = cleanName(clip(shown, MOST_NAME)) || "file";
  // Who uploaded it on another address of this server named that one. What is shown as a picture of this server's opens here
  // too, and another host is named: else a link to anywhere would look like a file of this chat.
  const here = new URL(`.${url.pathname.slice(url.pathname.lastIndexOf(`/files/${id}`))}`, base).href;
  const foreign = url.host !== base.host && !isNear(url.hostname);
  return { id, width: Number(width), height: Number(height), bytes: Number(bytes), name, open: foreign && !Number(width) ? href : here, host: foreign ? url.host : "" };
}

function card({ name, bytes, open, host }) {
  return h("a.file", { href: open, target: "_blank", rel: "noopener noreferrer" }, icon("file"), h("bdi", {}, name), bytes ? h("small", {}, sizeText(bytes)) : null, host ? h("small.host", {}, ` at ${clip(host, MOST_NAME)}`) : null);
}

/** A small picture whose place is reserved before it is loaded. */
function picture(file) {
  const { id, width, height, name, open } = file;
  const scale = Math.min(1, MOST_WIDTH / width, MOST_HEIGHT / height);
  const image = h("img", {
    src: new URL(`thumbs/${id}`, base).href, alt: name, title: name, loading: "lazy", decoding: "async",
    width: Math.max(LEAST, Math.round(width * scale)), height: Math.max(LEAST, Math.round(height * scale)),
  });
  const link = h("a.picture", { href: open, target: "_blank", rel: "noopener noreferrer" }, image);
  image.onerror = () => {
    // There is no small picture: the place stays, so nothing moves.
    const place = h("span.no-picture", {}, icon("file"), h("bdi", {}, name));
    place.style.width = `${image.width}px`;
    place.style.height = `${image.height}px`;
    image.replaceWith(place);
  };
  return link;
}

/** Shows the files that a drawn text links to: images as small pictures, others by name and size. */
export function showFiles(node) {
  for (const link of node.querySelectorAll("a[href*='/files/']")) {
    const file = link.closest("code") ? null : fileOf(link.href);
    if (file) link.replaceWith(file.width ? picture(file) : card(file));
  }
  return node;
}

/** Sends files to a room, and shows how far each is above the message field. */
export class Uploads {
  node = h("div.uploads", { role: "group", "aria-label": "Files that are being sent" });
  #over = null;

  /** `say(room, text)` posts a link; `room()` gives the room that is shown, if one may write there. */
  constructor(connection, { say, room }) {
    this.connection = connection;
    this.say = say;
    this.room = room;
    document.addEventListener("paste", (event) => {
      const files = [...(event.clipboardData?.files ?? [])];
      // A copied text may come with a picture of it.
      if (!files.length || event.clipboardData.types.includes("text/plain") || !this.#ready()) return;
      event.preventDefault();
      this.send(this.room(), files);
    });
    for (const type of ["dragenter", "dragover"]) document.addEventListener(type, (event) => this.#drag(event));
    document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) this.#leave(); });
    document.addEventListener("drop", (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault(); // else the browser would leave the chat for the file
      this.#leave();
      if (this.#ready()) this.send(this.room(), [...event.dataTransfer.files]);
    });
  }

  /** Bytes of the largest file; 0: the server takes none. */
  get most() {
    return Number(this.connection.isupport.get("asyncchat/FILESIZE")) || 0;
  }

  #field = h("input", { type: "file", multiple: true, hidden: true, onchange: () => {
    if (this.#ready()) this.send(this.room(), [...this.#field.files]);
    this.#field.value = "";
  } });

  /** The button with which files are picked. */
  picker = h("span.pick", {}, this.#field, iconButton("clip", "Send a file", () => this.#field.click()));

  #ready() {
    let why = "";
    if (!this.room()) why = "Join a room first.";
    else if (this.connection.state !== "online") why = "Not connected: send the file again when you are.";
    else if (!this.most) why = "This server takes no files.";
    if (why) toast(why);
    return !why;
  }

  #drag(event) {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    const room = this.most && this.connection.state === "online" ? this.room() : null;
    event.dataTransfer.dropEffect = room ? "copy" : "none";
    if (room && !this.#over) {
      this.#over = h("div.drop", {}, h("p", {}, `Drop files to send them to ${cleanName(room.name)}`));
      document.body.append(this.#over);
    }
  }

  #leave() {
    this.#over?.remove();
    this.#over = null;
  }

  /** Sends files to a room, one after the other. */
  async send(room, files) {
    if (files.length > TOGETHER) toast(`Only the first ${TOGETHER} files are sent.`);
    const rows = files.slice(0, TOGETHER).map((file) => [file, this.#row(file)]);
    for (const [file, row] of rows) {
      if (!row.node.isConnected) continue; // cancelled before it began
      try {
        const link = await this.#upload(file, row);
        row.node.remove();
        this.say(room, link);
      } catch (error) {
        row.fail(error.message);
      }
    }
  }

  #row(file) {
    const name = clip(clean(file.name), MOST_NAME) || "file";
    const bar = h("progress", { max: 1, value: 0, "aria-label": `Sending ${name}` });
    const close = iconButton("close", `Do not send ${name}`, () => { row.cancel(); row.node.remove(); });
    const text = h("span", {}, h("bdi", {}, name), " ", h("small", {}, sizeText(file.size)));
    const row = { bar, cancel: () => { /* it has not begun */ } };
    row.node = h("div.upload", {}, text, bar, close);
    row.fail = (why) => {
      row.node.classList.add("failed");
      bar.remove();
      close.title = close.ariaLabel = "Dismiss";
      text.replaceChildren(h("bdi", {}, name), h("span.why", { role: "alert" }, ` was not sent: ${why}`));
    };
    this.node.append(row.node);
    return row;
  }

  #upload(file, row) {
    const link = this.connection.isupport.get("soju.im/FILEHOST");
    return new Promise((resolve, reject) => {
      const fail = (why) => reject(new Error(why));
      if (!link) return fail("this server takes no files.");
      if (!file.size) return fail("it is empty, or a folder.");
      if (file.size > this.most) return fail(`it has ${sizeText(file.size)}; at most ${sizeText(this.most)} are taken here.`);
      const request = new XMLHttpRequest(); // fetch tells no progress
      request.open("POST", new URL(new URL(link).pathname.split("/").slice(-2).join("/"), base));
      request.responseType = "json";
      request.setRequestHeader("Content-Type", file.type || "application/octet-stream");
      request.setRequestHeader("Content-Disposition", `attachment; filename*=UTF-8''${encodeURIComponent(file.name)}`);
      request.upload.onprogress = ({ loaded, total }) => { row.bar.value = loaded / total; };
      request.upload.onload = () => { row.bar.removeAttribute("value"); }; // the server keeps it
      request.onload = () => (request.status === 201 ? resolve(request.response.url) : fail(request.response?.detail ?? `the server answered ${request.status}.`));
      request.onerror = () => fail("the connection was lost. Send it again.");
      request.onabort = () => fail("it was cancelled.");
      row.cancel = () => request.abort();
      return request.send(file);
    });
  }
}
