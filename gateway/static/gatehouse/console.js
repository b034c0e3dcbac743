// The console's script. Pages work without it: it ticks countdowns, refreshes lists, copies text and adds keys.
import { startCountdowns } from "./countdown.js";
import { startLive } from "./live.js";
import { startKeys } from "./keys.js";
import { startProgress } from "./progress.js";
import { startTicks } from "./ticks.js";

document.documentElement.classList.add("js");
startCountdowns();
startLive();
startProgress();
startTicks();
if (document.body.dataset.shortcuts === "on") startKeys();

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  const text = source.tagName === "OL" ? [...source.children].map((each) => each.textContent).join("\n") : source.textContent;
  const before = button.textContent;
  try {
    await navigator.clipboard.writeText(text.trim());
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(source);
    button.textContent = "Selected; copy it with your keyboard";
  }
  setTimeout(() => { button.textContent = before; }, 2500);
});

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && document.querySelector("details.menu[open]");
  if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
});
