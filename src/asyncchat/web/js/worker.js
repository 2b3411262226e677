// Starts the service worker, with which the page can be installed and opens without the server. Only a secure context has one.

const url = new URL("sw.js", document.baseURI).href;

// The one policy of the page, which knows one address.
const policy = globalThis.trustedTypes?.createPolicy("worker", { createScriptURL: () => url });

export function startWorker() {
  navigator.serviceWorker?.register(policy?.createScriptURL("") ?? url).catch(() => { /* the page works without */ });
}
