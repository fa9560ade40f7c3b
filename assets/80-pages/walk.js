// The kernel goes over the picture: a step back or on, or by itself from cell to cell, row by row. What is
// not reached yet is covered while it goes; any press, key or step of the way back stops it.
(function () {
  const root = window.dash_clientside;
  // Browsers refuse an address that is another more often than ten times a second.
  const SPEED = { low: 1, high: 10, step: 1, value: 4 };
  const AROUND_PIXELS = 3;
  const STILL = "Your system asks for less motion: each press goes on by one cell";

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

  // The cell of the view; what it leaves open is what the page shows.
  function shown(view = root.cnn.currentView()) {
    const given = strip().dataset;
    const of = (part) => Number(view[part] ?? given[part]);
    const [rows, columns] = [Number(given.rows), Number(given.columns)];
    return { row: Math.min(of("row"), rows - 1), column: Math.min(of("column"), columns - 1), rows, columns };
  }

  const isChosen = ({ row, column }) => row !== undefined && column !== undefined;

  // The cells of one walk are one step of the way back.
  function go({ row, column }) {
    const view = root.cnn.currentView();
    const goesOn = last && view.row === String(last.row) && view.column === String(last.column);
    last = { row, column };
    root.cnn.changeView(last, Boolean(goesOn));
  }

  function step(count) {
    const next = cellAfter(shown(), count);
    if (next) go(next);
  }

  function start() {
    const here = shown();
    playing = { path: location.pathname };
    tell();
    move(playing, cellToPlay(here, isChosen(root.cnn.currentView())));
  }

  function move(walk, cell) {
    const began = performance.now();
    go(cell);
    cover({ ...shown(), ...cell });
    afterPaint(walk, () => {
      setTimeout(() => moveOn(walk), Math.max(0, began + 1000 / speed - performance.now()));
    });
  }

  function moveOn(walk) {
    if (!isOn(walk)) return;
    const next = cellAfter(shown(), 1);
    if (next) move(walk, next);
    else stop();
  }

  // A page that was left stops it.
  function isOn(walk) {
    if (playing === walk && location.pathname !== walk.path) stop();
    return playing === walk;
  }

  function afterPaint(walk, act) {
    if (!isOn(walk)) return;
    root.cnn.whenPainted(() => (root.cnn.isBusy() ? afterPaint(walk, act) : act()));
  }

  function stop() {
    if (!playing) return;
    playing = null;
    for (const canvas of document.querySelectorAll("canvas.unreached")) canvas.remove();
    if (strip()) tell();
  }

  function cover(cell) {
    const plot = root.cnn.plotly.plotIn(document.getElementById("why-map"));
    if (!plot) return;
    const canvas = plot.querySelector("canvas.unreached") || document.createElement("canvas");
    canvas.className = "unreached";
    if (!canvas.parentNode) plot.append(canvas);
    const [context, { x, y }] = [root.cnn.overWhole(plot, canvas), root.cnn.plotly.axesOf(plot)];
    const [across, down] = [(edge) => x.place(edge - 0.5), (edge) => y.place(edge - 0.5)];
    context.fillStyle = getComputedStyle(plot.closest(".figure-box")).backgroundColor;
    for (const { left, top, right, bottom } of unreached(cell)) {
      context.fillRect(across(left), down(top), across(right) - across(left), down(bottom) - down(top));
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

  function showWalk(view) {
    if (!view || !strip() || strip().dataset.rows === undefined) return root.no_update;
    const place = strip().querySelector(".walk-speed");
    if (!place.firstChild) build(place);
    const here = shown(view);
    for (const [name, count] of [["back", -1], ["on", 1]]) {
      const isEnd = !cellAfter(here, count);
      strip().querySelector(`[data-walk=${name}]`).setAttribute("aria-disabled", String(isEnd));
    }
    return `${here.row} ${here.column}`;
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
    if (button && root.cnn.currentView()) press(button.dataset.walk);
  });

  // The strip has its own keys and presses; the speed is no reason to stop.
  for (const name of ["pointerdown", "keydown"]) {
    document.addEventListener(name, ({ target }) => {
      if (!target.closest(".walk")) stop();
    }, true);
  }
  root.cnn.onReturn(stop);

  root.cnn = { ...root.cnn, showWalk, cellAfter, cellToPlay, unreached };
})();
