// Keyboard shortcuts. They move focus and follow links; no key alone decides anything.
const GO_MS = 1500;

export function startKeys() {
  let goUntil = 0;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, [contenteditable]")) return;
    if (performance.now() < goUntil) {
      goUntil = 0;
      const link = document.querySelector(`[data-go="${CSS.escape(event.key)}"]`);
      if (link) { event.preventDefault(); link.click(); }
      return;
    }
    if (event.key === "g") goUntil = performance.now() + GO_MS;
    else if (event.key === "j" || event.key === "k") step(event.key === "j" ? 1 : -1);
    else if (event.key === "n" || event.key === "p") change(event.key === "n" ? 1 : -1);
    else if (event.key === "a") focus('button[name="decision"][value="approve"]', event);
    else if (event.key === "d") focus('button[name="decision"][value="deny"]', event);
    else if (event.key === "r") focus("#decision-form textarea[name=\"reason\"]", event);
  });
}

function focus(selector, event) {
  const element = document.querySelector(selector);
  if (!element) return;
  event.preventDefault();
  element.focus();
}

function change(by) {
  const rows = [...document.querySelectorAll("[data-change]")];
  if (!rows.length) return;
  const at = rows.indexOf(document.activeElement);
  rows[Math.min(rows.length - 1, Math.max(0, at < 0 ? 0 : at + by))].focus();
}

function step(by) {
  const links = [...document.querySelectorAll("[data-row] [data-open]")];
  if (!links.length) return;
  const at = links.indexOf(document.activeElement);
  links[Math.min(links.length - 1, Math.max(0, at < 0 ? 0 : at + by))].focus();
}
