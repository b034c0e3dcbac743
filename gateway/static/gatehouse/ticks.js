// Says on the button how many of the items are ticked. What counts is what the form sends.
export function startTicks() {
  const button = document.querySelector("button[data-counts]");
  if (!button) return;
  const all = Number(button.dataset.counts);
  const elsewhere = Number(button.dataset.more);
  const say = () => {
    const ticked = button.form.querySelectorAll('input[name="item"]:checked').length + elsewhere;
    button.textContent = `Approve ${ticked} of ${all}`;
  };
  button.form.addEventListener("change", say);
  say();
}
