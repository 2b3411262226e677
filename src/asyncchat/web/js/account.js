// Staying signed in: this device's token, which stands for the password, and the devices of the account. It must not know
// the page.

const SYSTEMS = [["iPhone", /iPhone/], ["iPad", /iPad/], ["Android", /Android/], ["Windows", /Windows/], ["macOS", /Mac OS/], ["Linux", /Linux/]];
const BROWSERS = [["Edge", /Edg/], ["Opera", /OPR/], ["Firefox", /Firefox|FxiOS/], ["Chrome", /Chrome|CriOS/], ["Safari", /Safari/]];

/** What the owner finds this device by in a list: "Firefox on Linux". */
function deviceName() {
  const find = (names) => names.find(([, pattern]) => pattern.test(navigator.userAgent))?.[0];
  return `${find(BROWSERS) ?? "a browser"} on ${find(SYSTEMS) ?? "some device"}`;
}

export class Account {
  constructor(connection, memory) {
    this.connection = connection;
    this.memory = memory;
  }

  /** Whether this device stays signed in when the tab is closed. */
  get stays() {
    return this.memory.get("stay") !== false;
  }

  set stays(on) {
    this.memory.set("stay", on);
    if (this.memory.login) this.memory.setLogin(this.memory.login, on);
  }

  /** The id of this device among those of the account; "" if it has no token. */
  get device() {
    return this.connection.identity?.id ?? "";
  }

  /** Has the server make a token in place of the password that was typed, which is forgotten. */
  async stay() {
    const { identity } = this.connection;
    if (!identity || !this.connection.account || identity.token) return;
    const [line] = await this.connection.ask("DEVICES", ["ADD", deviceName()]);
    const [, account, id, token] = line.params;
    delete identity.password;
    Object.assign(identity, { account, id, token });
    this.memory.setLogin({ nick: identity.nick, account, id, token }, this.stays);
  }

  /** The devices that stay signed in, the one used last first: [{id, name, made, used}]. */
  async devices() {
    const lines = await this.connection.ask("DEVICES");
    return lines.filter(({ command, params }) => command === "DEVICES" && params[0] === "LIST")
      .map(({ params: [, , id, made, used, name] }) => ({ id, name, made: new Date(made), used: new Date(used) }));
  }

  /** Signs out a device of this id, or all ("*"). */
  remove(id) {
    return this.connection.ask("DEVICES", ["REMOVE", id]);
  }

  /** Takes over what the account chose on other devices. What was chosen here before it was signed in goes along, once. */
  async share(chat) {
    const here = [...Object.entries(this.memory.get("notify") ?? {}).map(([key, value]) => ["notify", key, value]), ...[...chat.ignored].map((key) => ["ignore", key, "on"])];
    const lines = await this.connection.ask("PREFERENCES");
    const there = new Set(lines.map(({ params }) => params.slice(0, 2).join(" ")));
    const isNew = this.memory.get("shared") !== this.connection.account;
    for (const [name, target, value] of here.filter((one) => !there.has(one.slice(0, 2).join(" ")))) {
      if (isNew) await chat.choose(name, target, value);
      else chat.chosen(name, target, "");
    }
    this.memory.set("shared", this.connection.account);
  }

  /** Whether the account stays in its rooms while none of its devices is connected; `on`: what it is to do from now on. */
  async alwaysOn(on = null) {
    const lines = await this.connection.ask("NS", ["SET", "ALWAYSON", ...(on === null ? [] : [on ? "ON" : "OFF"])]);
    const text = lines.map(({ params }) => params.at(-1)).join(" ");
    if (on !== null && !/you stay|leaves its/.test(text)) throw new Error(text);
    return text.includes("you stay");
  }

  /** Signs this device out. */
  signOut() {
    if (this.device) this.connection.send("DEVICES", ["REMOVE", this.device]);
    this.memory.setLogin(null);
    this.memory.forgetTalk();
    this.connection.close("Left");
  }
}
