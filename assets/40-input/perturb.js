// The sliders of the section "Perturb". They are painted here and not as Dash components: there are
// many, and Dash looks at every component at every change.
(function () {
  const root = window.dash_clientside;
  const REST_MILLISECONDS = 250;
  const { picture: MASK_SIDE } = root.cnn.rules.sides;

  // The section, built once.
  const rows = {};
  let controls, ranges, mostSeed, invert, target, eraser;

  let wanted, resting, pad, mask;
  root.cnn.atStart(() => {
    clearTimeout(resting);
    if (pad) pad.element.remove();
    if (eraser) eraser.setAttribute("aria-pressed", "false");
    [wanted, pad, mask] = [{}, null, ""];
    if (controls) showValues(root.cnn.currentView(), {});
  });

  function section() {
    return document.getElementById("perturb");
  }

  function build(box) {
    ({ sliders: ranges, mostSeed } = JSON.parse(box.dataset.sliders));
    controls = document.createElement("div");
    controls.className = "perturb-controls";
    const { button, check, slider } = root.cnn.parts;
    for (const range of ranges) {
      const row = slider(range.name, { ...range, value: range.default }, (value) => {
        attempt({ [range.key]: value === range.default ? null : value, ...along(range.key) });
      });
      rows[range.key] = row;
      controls.append(row.label);
    }
    rows.noise.label.append(
      button("New noise", "Another random pattern", () => {
        attempt({ seed: 1 + Math.floor(Math.random() * mostSeed), ...along("noise") });
      })
    );
    target = document.createElement("select");
    target.className = "form-select form-select-sm";
    target.setAttribute("aria-label", "Adversarial direction");
    target.addEventListener("change", () => {
      attempt({ target: target.value, ...along("epsilon") });
    });
    invert = check("Inverted", false, (on) => attempt({ invert: on ? 1 : null }));
    eraser = root.cnn.parts.toggle("Erase on the picture", "A brush that takes parts away", erase);
    const actions = document.createElement("div");
    actions.className = "pad-tools";
    actions.append(eraser, button("Reset", "The picture as it was", reset));
    controls.append(target, invert, actions);
  }

  // The curve of the page runs over the slider that was moved last.
  function along(key) {
    return { over: key === root.cnn.rules.defaults.over ? null : key };
  }

  // The sliders are in the panel, or, while that is open, on the page with their curve.
  function placePerturbation() {
    const isOpen = root.cnn.openPage() === "perturb";
    const page = isOpen && document.getElementById("perturb-place");
    const place = page || document.getElementById("perturb-controls");
    if (controls && place && controls.parentNode !== place) place.append(controls);
    return isOpen;
  }

  // A change is painted at once, and becomes part of the view when the slider rests.
  function attempt(changes) {
    wanted = { ...wanted, ...changes };
    showValues({ ...root.cnn.currentView(), ...withoutEmpty(wanted) }, wanted);
    root.cnn.live(() => root.cnn.movingRequest(wanted));
    clearTimeout(resting);
    resting = setTimeout(commit, REST_MILLISECONDS);
  }

  function commit() {
    const changes = wanted;
    wanted = {};
    root.cnn.changeView(changes);
  }

  // Whoever goes back leaves behind what was not yet part of the view.
  root.cnn.onReturn(() => {
    clearTimeout(resting);
    wanted = {};
  });

  function withoutEmpty(changes) {
    return Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== null));
  }

  function reset() {
    const keys = [...ranges.map((range) => range.key), "seed", "invert", "erased", "target"];
    attempt(Object.fromEntries(keys.map((key) => [key, null])));
    if (pad) pad.load(null);
    mask = "";
  }

  function showPerturbation(view, layers) {
    const box = document.getElementById("perturb-controls");
    if (!view || !box) return;
    if (!controls) build(box);
    placePerturbation();
    fillTargets(layers);
    if (!Object.keys(wanted).length) showValues(view, {});
    if (pad && (view.erased || "") !== mask) loadMask(view.erased || "");
  }

  function showValues(view, changes) {
    for (const { key, default: standard, unit } of ranges) {
      const value = key in changes && changes[key] === null ? standard : Number(view[key] ?? standard);
      rows[key].range.value = value;
      rows[key].output.textContent = value + unit;
      rows[key].label.classList.toggle("touched", value !== standard);
    }
    invert.querySelector("input").checked = view.invert === "1" || view.invert === 1;
    target.value = view.target ?? "";
    const untouched = ranges.every(({ key, default: d }) => Number(view[key] ?? d) === d);
    const touched = !untouched || view.invert || view.erased;
    section().classList.toggle("touched", Boolean(touched));
  }

  function fillTargets(layers) {
    if (!layers || target.dataset.model === layers.model) return;
    target.dataset.model = layers.model;
    const away = new Option("away from the prediction", "");
    const names = layers.classes.map((name, i) => new Option(`towards ${name}`, i));
    target.replaceChildren(away, ...names);
    target.value = (root.cnn.currentView() || {}).target ?? "";
    target.hidden = rows.epsilon.label.hidden = !layers.classes.length;
  }

  function erase(on) {
    if (!pad) {
      const label = "Erase: paint over the picture with the pointer, or with arrows and space";
      const send = () => root.cnn.live(masked);
      pad = new root.cnn.Pad(label, {
        paper: "", ink: "rgb(255, 80, 80)", width: 24, onChange: send, onEnd: keepMask,
      });
      pad.element.append(root.cnn.parts.tools(pad, "Restore"));
      controls.append(pad.element);
      const view = root.cnn.currentView();
      if (view && view.erased) loadMask(view.erased);
    }
    pad.element.hidden = !on;
    if (on) paintSource();
  }

  // The brush works on the picture as it is before it is turned and moved: that one is shown below it.
  async function paintSource() {
    const view = root.cnn.currentView();
    const got = await fetch(root.cnn.valuesAddress(view, [["fitted", "1"]], false));
    if (!got.ok) return;
    const values = root.cnn.unpack(await got.arrayBuffer());
    const source = document.createElement("canvas");
    root.cnn.paintPixels(source, values.arrays[values.fitted]);
    pad.canvas.style.backgroundImage = `url(${source.toDataURL()})`;
  }

  async function currentMask() {
    const covered = pad.sample(MASK_SIDE, 3);
    const bits = new Uint8Array(MASK_SIDE ** 2 / 8);
    covered.forEach((alpha, i) => {
      if (alpha > 127) bits[i >> 3] |= 128 >> (i & 7);
    });
    return bits.some((byte) => byte) ? root.cnn.deflate(bits) : "";
  }

  async function masked() {
    const erased = await currentMask();
    return root.cnn.movingRequest({ ...wanted, erased });
  }

  async function keepMask() {
    mask = await currentMask();
    attempt({ erased: mask || null });
  }

  async function loadMask(text) {
    mask = text;
    const bytes = text ? await root.cnn.inflate(text) : new Uint8Array(MASK_SIDE ** 2 / 8);
    if (!bytes || mask !== text) return;
    const base = document.createElement("canvas");
    Object.assign(base, { width: MASK_SIDE, height: MASK_SIDE });
    const pixels = new ImageData(MASK_SIDE, MASK_SIDE);
    for (let i = 0; i < MASK_SIDE ** 2; i++) {
      if (bytes[i >> 3] & (128 >> (i & 7))) pixels.data.set([255, 80, 80, 255], 4 * i);
    }
    base.getContext("2d").putImageData(pixels, 0, 0);
    pad.load(base);
  }

  function takePerturbation() {
    root.cnn.showWay();
    return String(placePerturbation());
  }

  root.cnn = { ...root.cnn, showPerturbation, placePerturbation, takePerturbation };
})();
