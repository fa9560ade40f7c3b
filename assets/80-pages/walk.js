// The kernel goes over the picture: a step back or on, or by itself from cell to cell, row by row. What is
// not reached yet is covered while it goes; any press, key or step of the way back stops it.
(function () {
  const root = window.dash_clientside;
  // Browsers refuse an address that is another more often than ten times a second.
  const SPEED = { low: 1, high: 10, step: 1, value: 4 };
  const AROUND_PIXELS = 3;
  const OVER_PIXELS = 1;
  const OWN_KEYS = ["Enter", " ", "Tab", "Shift"];
  const STILL = "Your system asks for less motion: each press goes on by one cell";

  // The cell that the page shows, as { row, column, rows, columns }, and the one that was last gone to.
  let shown = null;
  let playing, last, speed;
  root.cnn.atStart(() => {
    stop();
    [playing, last, speed] = [null, null, SPEED.value];
  });

  // The cell so many further on, row by row; none beyond the ends.
  function cellAfter({ row, column, rows, columns }, step) {
    const place = row * columns + column + step;
    if (place < 0 || place >= rows * columns) return null;
    return { row: Math.floor(place / columns), column: place % columns };
  }

  // Where it begins to play: on the cell chosen, on the first where none is, and again after the last.
  function cellToPlay(here, isChosen) {
    return (isChosen && cellAfter(here, 1)) || { row: 0, column: 0 };
  }

  // The cells that are not reached yet, as rectangles { left, top, right, bottom } between cells.
  function unreached({ row, column, rows, columns }) {
    const rest = { left: column + 1, top: row, right: columns, bottom: row + 1 };
    const below = { left: 0, top: row + 1, right: columns, bottom: rows };
    return [rest, below].filter(({ left, top, right, bottom }) => left < right && top < bottom);
  }

  function strip() {
    return document.querySelector(".walk");
  }

  const isChosen = ({ row, column }) => row !== undefined && column !== undefined;

  // The cell of the view, or the one that the page shows where the view leaves it open.
  function here() {
    const { row, column } = root.cnn.currentView();
    if (!isChosen({ row, column })) return shown;
    const { rows, columns } = shown;
    return { row: Math.min(row, rows - 1), column: Math.min(column, columns - 1), rows, columns };
  }

  // The cells of one walk are one step of the way back.
  function go({ row, column }) {
    const view = root.cnn.currentView();
    const goesOn = last && view.row === String(last.row) && view.column === String(last.column);
    last = { row, column };
    root.cnn.changeView(last, Boolean(goesOn));
  }

  function step(count) {
    const next = cellAfter(here(), count);
    if (next) go(next);
  }

  function start() {
    playing = { path: location.pathname };
    tell();
    move(playing, cellToPlay(here(), isChosen(root.cnn.currentView())));
  }

  function move(walk, cell) {
    const began = performance.now();
    go(cell);
    afterPaint(walk, () => {
      setTimeout(() => moveOn(walk), Math.max(0, began + 1000 / speed - performance.now()));
    });
  }

  function moveOn(walk) {
    if (!isOn(walk)) return;
    const next = cellAfter(here(), 1);
    if (next) move(walk, next);
    else stop();
  }

  // A page that was left stops it.
  function isOn(walk) {
    if (playing === walk && location.pathname !== walk.path) stop();
    return playing === walk;
  }

  function afterPaint(walk, act) {
    root.cnn.whenPainted(() => {
      if (!isOn(walk)) return;
      if (root.cnn.isBusy()) afterPaint(walk, act);
      else act();
    });
  }

  function stop() {
    if (!playing) return;
    playing = null;
    for (const canvas of document.querySelectorAll("canvas.unreached")) canvas.remove();
    root.cnn.pointAt(null);
    if (strip()) tell();
  }

  // What the cell reads is outlined as for one that is pointed at.
  function reach(cell) {
    const plot = root.cnn.plotly.plotIn(document.getElementById("why-map"));
    if (!plot) return;
    const { layer, channel } = root.cnn.plotly.aboutOf(plot);
    root.cnn.pointAt({ layer, place: { channel, row: cell.row, column: cell.column } });
    cover(plot, cell);
  }

  function cover(plot, cell) {
    const canvas = plot.querySelector("canvas.unreached") || document.createElement("canvas");
    canvas.className = "unreached";
    if (!canvas.parentNode) plot.append(canvas);
    const [context, { x, y }] = [root.cnn.overWhole(plot, canvas), root.cnn.plotly.axesOf(plot)];
    const [across, down] = [x, y].map((axis) => (edge) => Math.round(axis.place(edge - 0.5)));
    context.fillStyle = getComputedStyle(plot.closest(".figure-box")).backgroundColor;
    for (const { left, top, right, bottom } of unreached(cell)) {
      const [width, height] = [across(right) - across(left), down(bottom) - down(top)];
      context.fillRect(across(left), down(top), width + OVER_PIXELS, height + OVER_PIXELS);
    }
    const [left, top] = [across(cell.column) - AROUND_PIXELS, down(cell.row) - AROUND_PIXELS];
    const [right, bottom] = [across(cell.column + 1) + AROUND_PIXELS, down(cell.row + 1) + AROUND_PIXELS];
    context.clearRect(left, top, right - left, bottom - top);
  }

  const isStill = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

  function press(name) {
    const isPlaying = Boolean(playing);
    stop();
    if (name === "back") step(-1);
    else if (name === "on" || isStill()) step(1);
    else if (!isPlaying) start();
  }

  // What the buttons do now; a screen reader waits while cell follows cell.
  function tell() {
    const play = strip().querySelector("[data-walk=play]");
    play.textContent = playing ? "❚❚" : "▶";
    play.setAttribute("aria-label", playing ? "Pause" : "Play");
    play.title = isStill() ? STILL : playing ? "Pause" : "Play";
    document.getElementById("why-body").setAttribute("aria-busy", String(Boolean(playing)));
  }

  // What the page shows by now; of what is no map it is nothing.
  function receive(cell) {
    shown = cell;
    if (!strip() || cell.rows === undefined) return;
    if (playing) reach(cell);
    const place = strip().querySelector(".walk-speed");
    if (!place.firstChild) build(place);
    for (const [name, count] of [["back", -1], ["on", 1]]) {
      const button = strip().querySelector(`[data-walk=${name}]`);
      button.setAttribute("aria-disabled", String(!cellAfter(cell, count)));
    }
  }

  function build(place) {
    const slider = root.cnn.parts.slider("Cells per second", { ...SPEED, value: speed }, (value) => {
      speed = value;
      slider.output.textContent = value;
    });
    slider.output.textContent = speed;
    place.replaceChildren(slider.label);
    tell();
  }

  document.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-walk]");
    if (button && shown) press(button.dataset.walk);
  });

  // What presses a button of the strip, leads to it, or changes the speed is no reason to stop.
  document.addEventListener("pointerdown", ({ target }) => {
    if (!target.closest(".walk")) stop();
  }, true);
  document.addEventListener("keydown", ({ key, target }) => {
    const isOwn = target.closest(".walk") && (target.matches("input") || OWN_KEYS.includes(key));
    if (!isOwn) stop();
  }, true);
  root.cnn.onReturn(stop);

  root.cnn = { ...root.cnn, isWalking: () => Boolean(playing), cellAfter, cellToPlay, unreached };
  root.cnn.receivers["why-walk"] = receive;
})();
