// Countdowns tick by the monotonic clock from the seconds the server rendered, so a wrong wall clock does not matter.
const ends = new WeakMap();

export function startCountdowns() {
  tick();
  setInterval(tick, 1000);
}

export function tick() {
  for (const element of document.querySelectorAll(".countdown[data-left]")) {
    if (!ends.has(element)) ends.set(element, performance.now() + Number(element.dataset.left) * 1000);
    const left = Math.max(0, Math.ceil((ends.get(element) - performance.now()) / 1000));
    const text = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    if (element.textContent !== text) element.textContent = text;
    element.classList.toggle("urgent", left < 60);
    element.classList.toggle("soon", left >= 60 && left < 180);
    element.classList.toggle("calm", left >= 180);
  }
}
