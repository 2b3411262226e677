// The service worker. The page is always asked of the server first, so that nobody is shown an old one; without an answer the
// one that was seen last is shown, with its files. Files have the version in their path and are asked for once.

const WAIT = 3000; // milliseconds for the server's answer

const scope = new URL(self.registration.scope);
const KEPT = `asyncchat${scope.pathname.replace(/\/$/, "")}`; // another chat may be below another path

/** Keeps a page and all files that it names, and forgets those of other versions. */
async function keep(response) {
  const cache = await caches.open(KEPT);
  const text = await response.clone().text();
  const files = [...new Set([...text.matchAll(/="(v\/[^"]{1,200})"/g)].map(([, path]) => new URL(path, scope).href))];
  const before = (await cache.keys()).map(({ url }) => url);
  await cache.addAll(files.filter((url) => !before.includes(url)));
  await cache.put(scope.href, response);
  const [, version = ""] = /^v\/(\w{1,64})\//.exec(files[0]?.slice(scope.href.length) ?? "") ?? [];
  for (const url of before) if (url !== scope.href && !url.startsWith(`${scope.href}v/${version}/`)) await cache.delete(url);
}

async function page(answer) {
  const late = new Promise((resolve) => { setTimeout(resolve, WAIT); });
  const first = await Promise.race([answer.catch(() => null), late]);
  if (first?.ok) return first;
  return (await caches.match(scope.href, { ignoreVary: true })) ?? answer;
}

async function file(request) {
  const kept = await caches.match(request, { ignoreVary: true });
  if (kept) return kept;
  const response = await fetch(request);
  if (response.ok) {
    const copy = response.clone();
    caches.open(KEPT).then((cache) => cache.put(request, copy)).catch(() => { /* no place: it is asked for again */ });
  }
  return response;
}

self.addEventListener("install", (event) => {
  self.skipWaiting();
  event.waitUntil(fetch(scope.href, { headers: { Accept: "text/html" } }).then((response) => (response.ok ? keep(response) : null)).catch(() => { /* it is kept when it is loaded next */ }));
});

self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || !request.url.startsWith(scope.href)) return;
  const path = request.url.slice(scope.href.length).split(/[?#]/, 1)[0];
  if (request.mode === "navigate" && path === "") {
    const answer = fetch(request);
    event.waitUntil(answer.then((response) => (response.ok ? keep(response.clone()) : null)).catch(() => { /* the kept one is shown */ }));
    event.respondWith(page(answer));
  } else if (path.startsWith("v/")) event.respondWith(file(request));
});

// What is pushed: one line of IRC.

const MOST_TEXT = 200;

function said(line) {
  const words = line.split(" ");
  if (words[0].startsWith("@")) words.shift();
  const [source, command, target, ...rest] = words;
  if (command !== "PRIVMSG") return null;
  const nick = source.slice(1).split("!", 1)[0];
  const text = rest.join(" ").slice(1).replace(/^\x01ACTION /, `${nick} `).replace(/\x03\d{0,2}|[\x00-\x1f\x7f]/g, "");
  const isRoom = target.startsWith("#");
  return { title: isRoom ? `${nick} in ${target}` : nick, text, place: isRoom ? target : nick };
}

async function show(line) {
  const windows = await self.clients.matchAll({ type: "window" });
  if (windows.some(({ focused }) => focused)) return; // the page tells it
  const { title, text, place } = said(line) ?? { title: "asyncchat", text: "There is something new.", place: "" };
  await self.registration.showNotification(title, { body: text.slice(0, MOST_TEXT), tag: title, icon: new URL("icon.png", scope).href, data: { place } });
}

self.addEventListener("push", (event) => event.waitUntil(show(event.data?.text() ?? "")));

async function open(place) {
  const [known] = await self.clients.matchAll({ type: "window" });
  await known?.focus().catch(() => { /* it stays behind, and shows the place */ });
  const page = known ?? (await self.clients.openWindow(scope.href));
  page?.postMessage({ open: place });
}

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data?.place));
});
