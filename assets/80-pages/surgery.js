// Channel surgery: the buttons and the slider of its page, and the banner that every page shows of it.
(function () {
  const root = window.dash_clientside;
  const AS_TRAINED = "1";
  const OFF = "0";
  const MOST_PERCENT = 200;
  const STEP_PERCENT = 5;
  // What a button makes of the channels of the layer; `one` is the channel chosen, `count` how many there are.
  const PRESSES = {
    off: (channels, one) => set(channels, one, channels.get(one) === OFF ? AS_TRAINED : OFF),
    only: (channels, one, count) => everyOther(one, count),
    restore: (channels, one) => set(channels, one, AS_TRAINED),
    layer: () => new Map(),
  };

  let strength = null;
  let isMoving = false;
  root.cnn.atStart(() => {
    strength = null;
    isMoving = false;
  });

  function set(channels, one, change) {
    const next = new Map(channels);
    if (change === AS_TRAINED) next.delete(one);
    else next.set(one, change);
    return next;
  }

  function everyOther(one, count) {
    const others = Array.from({ length: count }, (_, channel) => channel).filter((channel) => channel !== one);
    return new Map(others.map((channel) => [channel, OFF]));
  }

  // The layer of the page, the channel chosen, and what is done to the channels.
  function chosen(view = root.cnn.currentView()) {
    const { layer, channels } = document.getElementById("surgery-strength").dataset;
    const count = Number(channels);
    const layers = root.cnn.readOperations(view.surgery);
    const one = Math.min(Number(view.channel || 0), count - 1);
    return { layer, count, one, layers, channels: layers.get(layer) || new Map() };
  }

  function operate(make, replacing = false) {
    const { layer, layers, channels, one, count } = chosen();
    layers.set(layer, make(channels, one, count));
    root.cnn.changeView({ surgery: root.cnn.writeOperations(layers) }, replacing);
  }

  // The steps of one drag are one step of the way back.
  function strengthen(percent) {
    operate((channels, one) => set(channels, one, String(percent / 100)), isMoving);
    isMoving = true;
  }

  // The mean of the channel over a sample is known to the server.
  async function hold() {
    const view = root.cnn.currentView();
    const { layer, one } = chosen(view);
    const query = new URLSearchParams({ ...view, channel: String(one) });
    const answer = await fetch(`${root.cnn.addressOf("mean", { layer })}?${query}`);
    if (!answer.ok) {
      root.set_props("notice", { children: await answer.text(), is_open: true });
      return;
    }
    const { offset } = await answer.json();
    operate((channels) => set(channels, one, `${OFF}@${offset}`));
  }

  function build(box) {
    const range = { low: 0, high: MOST_PERCENT, step: STEP_PERCENT, value: 100 };
    strength = root.cnn.parts.slider("Strength", range, strengthen);
    strength.range.addEventListener("change", () => (isMoving = false));
    box.replaceChildren(strength.label);
  }

  // The slider stands where the view says the channel is.
  function showStrength(view) {
    const box = document.getElementById("surgery-strength");
    if (!box || !view || !box.dataset.layer) return root.no_update;
    if (!box.firstChild) build(box);
    const { channels, one } = chosen(view);
    const factor = Number((channels.get(one) || AS_TRAINED).split("@")[0]);
    const percent = Math.round(100 * factor);
    if (Number(strength.range.value) !== percent) strength.range.value = percent;
    strength.output.textContent = `${percent}%`;
    strength.range.setAttribute("aria-valuetext", `${percent}%`);
    for (const button of document.querySelectorAll(".operate button")) button.removeAttribute("disabled");
    const off = document.querySelector("[data-operate=off]");
    off.setAttribute("aria-pressed", String(channels.get(one) === OFF));
    return String(percent);
  }

  document.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-operate]");
    if (!button || !root.cnn.currentView()) return;
    const press = button.dataset.operate;
    if (press === "all") root.cnn.changeView({ surgery: null });
    else if (press === "mean") hold();
    else operate(PRESSES[press]);
  });

  // The file is of the view by then, whoever follows the link and however.
  document.addEventListener("click", ({ target }) => {
    const anchor = target.closest("a.operated-file");
    if (anchor) anchor.href = root.cnn.addressOf("operated") + root.cnn.toQuery(root.cnn.currentView());
  });

  function paintSurgery(words) {
    const banner = document.getElementById("surgery-banner");
    if (!banner) return;
    root.cnn.paintText("surgery-words", words);
    if (banner.hidden === Boolean(words)) banner.hidden = !words;
  }

  root.cnn = { ...root.cnn, showStrength, paintSurgery };
})();
