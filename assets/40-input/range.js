// How pixels are scaled for the network: said below the picture, and chosen where no file says it.
(function () {
  const root = window.dash_clientside;
  // Another network or data set makes another hint.
  const ABOUT = ["model", "epoch", "surgery", "data", "split"];
  // In place of the name of a range stand mean and deviation of each channel, of pixels from 0 to 1.
  const STANDARD = "standard";
  const EXAMPLES = { 1: ["0.1307", "0.3081"], 3: ["0.485, 0.456, 0.406", "0.229, 0.224, 0.225"] };

  const part = (name) => document.getElementById("pixel-range-" + name);

  function paintScale(scale) {
    root.cnn.paintText("pixel-scale", scale ? scale.text : "");
    root.cnn.paintColours(scale && scale.colours);
    const box = part("choice");
    if (!box) return;
    box.hidden = !scale || !scale.ranges.length;
    if (box.hidden) return;
    const place = part("place");
    const key = JSON.stringify(scale.ranges);
    if (place.dataset.key !== key) place.replaceChildren(selectOf(scale.ranges));
    place.dataset.key = key;
    paintStandard(scale, place.firstChild);
    root.cnn.paintKeeping("pixel-range", scale);
    const hint = part("hint");
    if (hint.dataset.about !== about()) hint.textContent = "";
  }

  // They are built here: a Dash input has a value of its own.
  function fieldOf(name) {
    const place = part(name + "-place");
    if (!place.firstChild) {
      const field = document.createElement("input");
      Object.assign(field, { id: "pixel-range-" + name, type: "text", autocomplete: "off" });
      field.className = "form-control form-control-sm";
      place.append(field);
    }
    return place.querySelector("input");
  }

  function paintStandard({ chosen, channels }, select) {
    const parts = chosen.match(/^mean:(.*);deviation:(.*)$/);
    const fields = [fieldOf("mean"), fieldOf("deviation")];
    if (!fields.some((field) => field === document.activeElement)) {
      select.value = parts ? STANDARD : chosen;
      part("standard").hidden = !parts;
    }
    part("standard").dataset.channels = channels;
    const values = parts ? parts.slice(1) : EXAMPLES[channels] || ["0.5", "0.25"];
    fields.forEach((field, i) => {
      if (field !== document.activeElement) field.value = values[i].replace(/, ?/g, ", ");
    });
  }

  async function keep(range) {
    const asked = about();
    const problem = await root.cnn.keepOnCard("keep_range", "range", range);
    if (problem) Object.assign(part("hint"), { textContent: problem }).dataset.about = asked;
  }

  // The server says what a range may be.
  async function chooseStandard() {
    const [mean, deviation] = ["mean", "deviation"].map((name) => fieldOf(name).value.replace(/\s/g, ""));
    const range = "mean:" + mean + ";deviation:" + deviation;
    const view = root.cnn.currentView();
    const link = await root.cnn.followLink(root.cnn.toQuery({ ...view, range }));
    if (!link || view !== root.cnn.currentView()) return;
    if (link.view.range === range) root.cnn.changeView({ range });
    const { channels } = part("standard").dataset;
    const count = channels === "1" ? "a number" : "one number, or " + channels + " with commas between,";
    const wrong = "Expected " + count + " each, from −9999 to 9999, the deviation above 0.";
    Object.assign(part("hint"), { textContent: link.view.range === range ? "" : wrong }).dataset.about = about();
  }

  function choose(name) {
    part("standard").hidden = name !== STANDARD;
    if (name === STANDARD) fieldOf("mean").focus();
    else root.cnn.changeView({ range: name || null });
  }

  function about() {
    const view = root.cnn.currentView();
    return JSON.stringify(ABOUT.map((name) => view[name] || ""));
  }

  function selectOf(ranges) {
    const select = document.createElement("select");
    Object.assign(select, { id: "pixel-range", className: "form-select form-select-sm" });
    const all = [...ranges, [STANDARD, "mean and deviation: …"]];
    select.append(...all.map(([value, label]) => new Option(label, value)));
    select.addEventListener("change", () => choose(select.value));
    return select;
  }

  async function compare() {
    const asked = about();
    const hint = part("hint");
    Object.assign(hint, { textContent: "Trying each range…" }).dataset.about = asked;
    const address = root.cnn.addressOf("ranges") + root.cnn.toQuery(root.cnn.currentView());
    const { hint: found, problem } = await root.cnn.ask(address);
    if (hint.dataset.about === asked) hint.textContent = found || problem;
  }

  document.addEventListener("click", ({ target }) => {
    if (target.closest("#pixel-range-compare")) compare();
    if (target.closest("#pixel-range-keep")) keep(root.cnn.currentView().range);
    if (target.closest("#pixel-range-undo")) keep("");
  });

  document.addEventListener("change", ({ target }) => {
    if (target.closest("#pixel-range-standard")) chooseStandard();
  });

  root.cnn = { ...root.cnn, paintScale };
})();
