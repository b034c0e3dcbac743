// Keeps an open inbox or held call up to date: a WebSocket nudge, else polling. The server renders what is shown.
import { tick } from "./countdown.js";

const POLL_MS = 5000;
const RETRY_MS = 4000;
const LEAVING_MS = 10000;

let leavingUntil = 0;

export function startLive() {
  const list = document.querySelector("[data-live]");
  const held = document.querySelector("[data-held]");
  const watched = list || held;
  if (!watched) return;
  const look = list ? () => refreshList(list) : () => watchHeld(held);
  // The nudge about one's own decision comes before the answer to it; a reload then would swallow that answer.
  addEventListener("beforeunload", () => { leavingUntil = performance.now() + LEAVING_MS; });
  listen(watched.dataset.socket, look);
}

function listen(path, look) {
  const open = () => {
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${path}`);
    socket.onopen = () => { say("live", "Live"); look(); };
    socket.onmessage = (event) => { if (JSON.parse(event.data).type === "changed") look(); };
    socket.onclose = () => {
      say("polling", "Asking every 5 s");
      setTimeout(open, RETRY_MS);
    };
  };
  open();
  // A nudge may be lost, or be sent in another process; the page asks every five seconds all the same.
  setInterval(() => { if (!document.hidden) look(); }, POLL_MS);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
}

let asking = false;
let again = false;

async function once(work) {
  if (asking) { again = true; return; }
  asking = true;
  try { await work(); } finally {
    asking = false;
    if (again) { again = false; once(work); }
  }
}

function refreshList(list) {
  return once(async () => {
    const html = await ask(list.dataset.live);
    if (html === null) return;
    const before = list.querySelectorAll("[data-row]").length;
    const focused = document.activeElement && list.contains(document.activeElement) ? document.activeElement.closest("[data-row]")?.id : null;
    list.replaceChildren(...new DOMParser().parseFromString(html, "text/html").body.childNodes);
    if (focused) document.getElementById(focused)?.querySelector("a")?.focus({ preventScroll: true });
    const now = list.querySelectorAll("[data-row]").length;
    if (now > before) announce(`${now} calls wait.`);
    tick();
  });
}

function watchHeld(held) {
  return once(async () => {
    const html = await ask(held.dataset.held);
    if (html === null || performance.now() < leavingUntil) return;
    const fresh = new DOMParser().parseFromString(html, "text/html").getElementById("standing");
    const shown = document.getElementById("standing");
    if (!fresh || !shown) return;
    const moved = fresh.dataset.state !== shown.dataset.state;
    const same = ["state", "votes", "client"].every((part) => fresh.dataset[part] === shown.dataset[part]);
    if (same && document.querySelector("#standing .countdown")) return;
    shown.replaceWith(fresh);
    tick();
    if (moved) for (const button of document.querySelectorAll("#decision-form button")) button.disabled = true;
    if (moved && !document.querySelector("#decision-form textarea")?.value) location.reload();
  });
}

async function ask(url) {
  try {
    const response = await fetch(url, { headers: { Accept: "text/html" }, redirect: "error", cache: "no-store" });
    return response.ok ? await response.text() : null;
  } catch {
    say("offline", "Offline: this list may be old");
    return null;
  }
}

function say(state, text) {
  const element = document.getElementById("live-state");
  if (!element) return;
  element.dataset.state = state;
  document.getElementById("live-text").textContent = text;
}

function announce(text) {
  const element = document.getElementById("announce");
  if (element) element.textContent = text;
}
