// Keys: they press what is on the screen, and stay out of the way of fields and of the drawing area.
(function () {
  const root = window.dash_clientside;
  const KEYS = [
    ["0 – 9", "a random picture of that class"],
    ["a", "another picture of the same class"],
    ["← →", "the layer before or after"],
    ["↑ ↓", "the channel before or after"],
    ["[ ]", "the moment of the training before or after"],
    ["p", "play the training, or pause"],
    ["d", "draw, or stop drawing"],
    ["u", "upload a picture"],
    ["f", "presentation: large type, the whole width"],
    ["?", "this list"],
    ["Esc", "close"],
    ["on a map of Activations or Why", "arrows move the cell that is looked at, Enter opens Why"],
    ["in the drawing area", "arrows move, space paints, Shift is faster, Ctrl+Z undoes, Delete clears"],
    ["on the Network page", "← → go into the network, arrows move from channel to channel and layer to layer, Enter opens"],
  ];
  const BUTTONS = { a: "#another", d: "#draw", u: "#upload", f: "#present", "?": "#keys" };
  const TYPED_INTO = "input:not([type=checkbox]):not([type=radio]):not([type=range]), select, textarea, [contenteditable]";
  const OWN_ARROWS = "canvas, [role=toolbar], [role=grid], [role=radiogroup], input, .layer-tabs, dialog";

  document.addEventListener("keydown", (event) => {
    const { key, target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (target.matches(TYPED_INTO) || document.querySelector("dialog[open]")) return;
    if (/^[0-9]$/.test(key)) press(digit(key));
    else if (key === "[" || key === "]") root.cnn.stepEpoch(key === "[" ? -1 : 1);
    else if (key === "p") root.cnn.playEpochs();
    else if (key in BUTTONS) press(document.querySelector(BUTTONS[key]));
    else if (key.startsWith("Arrow") && !target.closest(OWN_ARROWS)) arrow(event);
    else return;
    if (key === "?" || key === "d") event.preventDefault();
  });

  root.cnn.atStart(() => document.querySelector("dialog.keys")?.close());

  function press(button) {
    if (button) button.click();
  }

  function digit(key) {
    const buttons = [...document.querySelectorAll(".digits button")];
    return buttons.find((button) => button.textContent === key);
  }

  function arrow(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -1, ArrowDown: 1 }[event.key];
    const sideways = /Left|Right/.test(event.key);
    const moved = sideways ? moveLayer(step) || root.cnn.focusNetwork() : moveChannel(step);
    if (moved) event.preventDefault();
  }

  function moveLayer(step) {
    const tabs = [...document.querySelectorAll(".layer-tabs a:not(.layer-step)")];
    const here = tabs.findIndex((tab) => tab.getAttribute("aria-current") === "page");
    const next = tabs[here + step];
    if (here < 0 || !next) return tabs.length > 0;
    next.click();
    return true;
  }

  function moveChannel(step) {
    const field = document.querySelector("#activations-channel");
    const view = root.cnn.currentView();
    if (!field || !view || !field.offsetParent) return false;
    const wanted = Number(view.channel || 0) + step;
    if (wanted >= 0 && wanted <= Number(field.dataset.most)) root.cnn.changeView({ channel: wanted }, true);
    return true;
  }

  function help() {
    const dialog = document.createElement("dialog");
    dialog.className = "keys";
    dialog.setAttribute("aria-labelledby", "keys-title");
    const title = document.createElement("h2");
    Object.assign(title, { id: "keys-title", textContent: "Keys" });
    const list = document.createElement("dl");
    for (const [key, does] of KEYS) {
      const [term, text] = [document.createElement("dt"), document.createElement("dd")];
      term.textContent = key;
      text.textContent = does;
      list.append(term, text);
    }
    const close = root.cnn.parts.button("Close", "Close (Esc)", () => dialog.close());
    dialog.append(title, list, close);
    dialog.addEventListener("close", () => dialog.remove());
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
    document.body.append(dialog);
    dialog.showModal();
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest("#keys")) help();
  });
})();
