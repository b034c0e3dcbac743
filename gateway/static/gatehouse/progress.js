// Follows a look at a server while it goes on, and goes to what it brought. Without script the page asks again itself.
const EVERY_MS = 1000;

export function startProgress() {
  const watched = document.querySelector("[data-progress]");
  if (watched) setTimeout(() => ask(watched), EVERY_MS);
}

async function ask(watched) {
  let going = true;
  try {
    const url = new URL(watched.dataset.progress, location.origin);
    url.search = location.search;
    const response = await fetch(url, { headers: { Accept: "text/html" }, redirect: "error", cache: "no-store" });
    if (response.ok) going = show(await response.text());
  } catch {
    // The next question may be answered again.
  }
  if (going) setTimeout(() => ask(watched), EVERY_MS);
  else location.replace(watched.dataset.then);
}

function show(html) {
  const fresh = new DOMParser().parseFromString(html, "text/html").getElementById("progress");
  const shown = document.getElementById("progress");
  if (!fresh || !shown) return true;
  if (fresh.innerHTML !== shown.innerHTML) shown.replaceChildren(...fresh.childNodes);
  return fresh.dataset.going === "yes";
}
