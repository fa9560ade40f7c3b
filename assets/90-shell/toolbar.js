// A toolbar is one stop of the Tab key: arrows move within it.
document.addEventListener("keydown", (event) => {
  const bar = event.target.closest("[role=toolbar]");
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (!bar || !step || event.ctrlKey || event.metaKey || event.altKey) return;
  const buttons = [...bar.querySelectorAll("button")];
  const here = buttons.indexOf(event.target.closest("button"));
  const next = buttons[(here + step + buttons.length) % buttons.length];
  buttons.forEach((button) => (button.tabIndex = button === next ? 0 : -1));
  next.focus();
  event.preventDefault();
});
