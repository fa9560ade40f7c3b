// The drawing in the panel: what is drawn goes to the server while the pen moves, and into the view
// when it rests.
(function () {
  const root = window.dash_clientside;
  const { sent: SENT_SIDE, picture: PIXELS_SIDE } = root.cnn.rules.sides;
  const REST_MILLISECONDS = 300;

  let pad, opened, centred, drawing, sample, resting, isNew;
  root.cnn.atStart(() => {
    clearTimeout(resting);
    [pad, opened, centred, drawing, sample, isNew] = [null, false, true, "", "", true];
    if (!area()) return;
    area().replaceChildren();
    showSample(true);
    showDrawing(root.cnn.currentView());
  });

  function build() {
    const { Pad, parts } = root.cnn;
    const label = "Drawing area: paint with the pointer, or move with the arrows and paint with space";
    pad = new Pad(label, { paper: "#000", ink: "#fff", width: 24, onChange: send, onEnd: rest });
    const seen = parts.check("Network's view", true, showSample);
    const centre = parts.check("Centre as MNIST", centred, (on) => {
      centred = on;
      send();
      rest();
    });
    centre.title = "Fit the ink into 20×20 pixels and put its centre of mass in the middle";
    seen.title = "Show the picture as the network receives it, beside what you draw";
    const switches = document.createElement("div");
    switches.className = "switches";
    switches.append(centre, seen);
    area().append(pad.element, parts.tools(pad), switches);
  }

  function showSample(on) {
    document.querySelector(".sample-row").hidden = !on;
  }

  function area() {
    return document.getElementById("drawing");
  }

  function send() {
    clearTimeout(resting);
    root.cnn.live(() => make("picture"));
  }

  function make(moving) {
    const other = { upload: null, pixels: "", erased: null };
    const view = { ...root.cnn.changed(root.cnn.currentView(), other), pixels: "?" };
    const extra = [["centre", centred ? "on" : "off"], ["moving", moving]];
    const isForPage = root.cnn.differs(view).page;
    delete view.pixels;
    const address = root.cnn.valuesAddress(view, extra, isForPage);
    return { address, body: pad.sample(SENT_SIDE, 0), moving };
  }

  // When the pen rests and the last answer is here, the drawing becomes the picture of the view.
  function rest() {
    clearTimeout(resting);
    resting = setTimeout(() => {
      root.cnn.live(() => make(""), { painted: keep, dropped: again });
    }, REST_MILLISECONDS);
  }

  // Something else was moved before the last answer came.
  function again() {
    if (pad && !pad.stroke) rest();
  }

  function keep({ pixels }) {
    if (pad.stroke) return;
    drawing = pixels;
    root.cnn.changeView({ pixels, upload: null, erased: null }, !isNew);
    isNew = false;
  }

  // The view decides whether a drawing is on the screen; a drawing from elsewhere is put on the pad.
  function showDrawing(view) {
    if (!view || !area()) return;
    const isDrawing = Boolean(view.pixels) && !view.upload && !view.made;
    const isLeft = isDrawing ? view.pixels !== drawing : drawing || sampleOf(view) !== sample;
    if (isLeft) leave();
    sample = sampleOf(view);
    if (isDrawing && isLeft) load(view.pixels);
    if (!isDrawing && isLeft) opened = false;
    if (!isDrawing) drawing = "";
    if (isDrawing) opened = true;
    show();
  }

  const sampleOf = ({ data, split, index, upload }) => [data, split, index, upload].join(" ");

  // Another picture is to be seen: what was drawn last does not become the view any more.
  function leave() {
    root.cnn.stopLive();
    clearTimeout(resting);
  }

  async function load(text) {
    drawing = text;
    if (!pad) build();
    const bytes = await root.cnn.inflate(text);
    if (!bytes || bytes.length !== PIXELS_SIDE ** 2 || drawing !== text) return;
    const base = document.createElement("canvas");
    Object.assign(base, { width: PIXELS_SIDE, height: PIXELS_SIDE });
    const pixels = new ImageData(PIXELS_SIDE, PIXELS_SIDE);
    bytes.forEach((value, i) => pixels.data.set([value, value, value, 255], 4 * i));
    base.getContext("2d").putImageData(pixels, 0, 0);
    pad.load(base);
    isNew = false;
  }

  function show() {
    if (opened && !pad) build();
    area().hidden = !opened;
    area().closest(".panel").classList.toggle("drawing", opened);
    const draw = document.getElementById("draw");
    draw.setAttribute("aria-expanded", String(opened));
    draw.classList.toggle("active", opened);
    if (!opened) document.querySelector(".sample-row").hidden = false;
  }

  function openDrawing() {
    const view = root.cnn.currentView();
    if (!view) return;
    if (opened) {
      opened = false;
      if (drawing) root.cnn.changeView({ pixels: null, erased: null });
      show();
      return;
    }
    opened = true;
    isNew = true;
    show();
    pad.load(null);
    pad.canvas.focus({ preventScroll: true });
    area().scrollIntoView({ block: "nearest" });
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest("#draw")) openDrawing();
  });
  root.cnn.onReturn(leave);

  const isDrawing = () => Boolean(pad && pad.stroke);

  root.cnn = { ...root.cnn, showDrawing, isDrawing };
})();
