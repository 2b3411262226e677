// Push: being told of mentions and private messages while nobody looks. The browser's push service wakes the service worker,
// which shows them. Only a secure context has it, and only an account. It must not know the page.

import { tellUsers } from "./notify.js";

const worker = () => navigator.serviceWorker?.getRegistration();

/** The bytes of a key in base64 for URLs. */
function bytesOf(key) {
  return Uint8Array.from(atob(key.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
}

export class Push {
  constructor(connection, memory) {
    this.connection = connection;
    this.memory = memory;
  }

  get #key() {
    return this.connection.isupport.get("VAPID") ?? "";
  }

  /** Whether browser and server can do it. */
  get isOffered() {
    return globalThis.isSecureContext && "PushManager" in globalThis && Boolean(this.#key);
  }

  get on() {
    return this.memory.get("push") === true;
  }

  /** Has this device told from now on; asks for the permission. */
  async enable() {
    if (!(await tellUsers())) throw new Error("The browser does not allow notifications for this page.");
    await this.#subscribe();
    this.memory.set("push", true);
  }

  /** Has this device told no more. */
  async disable() {
    const subscription = await this.#end();
    if (subscription && this.connection.account) await this.connection.ask("WEBPUSH", ["UNREGISTER", subscription.endpoint]);
  }

  /** The same for who is signed out: the server has forgotten it with the device. */
  async #end() {
    this.memory.set("push", undefined);
    const subscription = await (await worker())?.pushManager.getSubscription();
    await subscription?.unsubscribe();
    return subscription;
  }

  signedOut() {
    if (this.on) this.#end().catch(() => { /* the server sends nothing any more */ });
  }

  /** Tells the server again where this device is told. */
  async renew() {
    if (this.on && this.isOffered && this.connection.account) await this.#subscribe();
  }

  async #subscribe() {
    const registration = await worker();
    if (!registration) throw new Error("This browser runs no service worker for this page.");
    const options = { userVisibleOnly: true, applicationServerKey: bytesOf(this.#key) };
    const { pushManager } = registration;
    const subscription = await pushManager.subscribe(options).catch(async (error) => {
      if (error.name !== "InvalidStateError") throw new Error("The browser's push service can't be reached.");
      await (await pushManager.getSubscription())?.unsubscribe(); // it is for another key of the server
      return pushManager.subscribe(options);
    });
    const { endpoint, keys } = subscription.toJSON();
    await this.connection.ask("WEBPUSH", ["REGISTER", endpoint, `p256dh=${keys.p256dh};auth=${keys.auth}`]);
  }
}
