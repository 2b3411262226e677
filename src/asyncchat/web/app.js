// The page's way in: IRC over a WebSocket to the server it came from.
const state = document.getElementById("state");
document.getElementById("nc").textContent = `nc ${location.hostname} ${location.port || 80}`;

const url = new URL("/ws", location.href);
url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
const socket = new WebSocket(url, ["text.ircv3.net"]);
socket.addEventListener("open", () => { state.textContent = "The server answers."; });
socket.addEventListener("close", () => { state.textContent = "The server is out of reach."; });
