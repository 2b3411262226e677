// Notifications: those of the system where the browser allows them, else a sound and a notice in the page (HTTP
// from another machine is not a secure context).

const KEY = "asyncchat.notify";

/** Asks for the permission to show notifications of the system; false if it is denied. */
export async function tellUsers() {
  return (await Notification.requestPermission()) === "granted";
}

export class Notifier {
  #sound = null;

  get mode() {
    return localStorage.getItem(KEY) ?? "sound";
  }

  set mode(mode) {
    localStorage.setItem(KEY, mode);
  }

  get canNotify() {
    return globalThis.isSecureContext && "Notification" in globalThis;
  }

  /** Sets the mode and asks for the permission it needs; false if it is denied. */
  async enable(mode) {
    if (mode === "system") {
      if (!this.canNotify || !(await tellUsers())) return false;
    }
    this.mode = mode;
    return true;
  }

  /** `place`: the name of the room or the person, which a click opens. */
  call({ title, text, place, open }) {
    if (this.mode === "off") return;
    if (this.mode === "system" && this.canNotify && Notification.permission === "granted") this.#show({ title, text, place, open });
    else this.#beep();
  }

  async #show({ title, text, place, open }) {
    // As sw.js shows what is pushed, so that nothing is shown twice. Phones know no other way.
    const options = { body: text.slice(0, 200), tag: title, icon: "icon.png", data: { place } };
    const registration = await navigator.serviceWorker?.getRegistration();
    if (registration) {
      await registration.showNotification(title, options);
      return;
    }
    const notification = new Notification(title, options);
    notification.onclick = () => { focus(); open(); notification.close(); };
  }

  #beep() {
    try {
      this.#sound ??= new AudioContext();
      const now = this.#sound.currentTime;
      const tone = this.#sound.createOscillator();
      const level = this.#sound.createGain();
      tone.frequency.setValueAtTime(660, now);
      tone.frequency.setValueAtTime(880, now + 0.09);
      level.gain.setValueAtTime(0.0001, now);
      level.gain.exponentialRampToValueAtTime(0.08, now + 0.02);
      level.gain.exponentialRampToValueAtTime(0.0001, now + 0.25);
      tone.connect(level).connect(this.#sound.destination);
      tone.start(now);
      tone.stop(now + 0.26);
    } catch { /* no sound device, or no gesture yet: the title still has its mark */ }
  }
}
