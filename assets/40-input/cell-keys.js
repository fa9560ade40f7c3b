// The keys of a map: arrows move the cell that is looked at, Enter opens the page "Why" with it.
(function () {
  const root = window.dash_clientside;
  const { plotly } = root.cnn;
  const STEPS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };

  // The map that has the focus: what it shows, and the cell that is looked at.
  function focused({ target }) {
    const box = target.closest && target.closest("[data-cells]");
    const plot = box && plotly.plotIn(box);
    const about = plot ? plotly.aboutOf(plot) : {};
    const view = root.cnn.currentView();
    const { tiles = about.tiles } = plot?.data[1]?.meta || {};
    return about.cell && view ? { box, about: { ...about, step: tiles?.block }, place: placeNow(about, view) } : null;
  }

  // The view is ahead of the figure while keys are pressed fast.
  function placeNow({ cell, units, channel, tiles }, view) {
    if (units !== undefined) return { channel: Math.min(Number(view.channel ?? cell[0]), units - 1) };
    const [last] = cell.slice(-2, -1);
    const isRow = cell.length === 2;
    const row = Math.min(Number(view.row ?? (isRow ? last : cell[cell.length - 3])), tiles.block * tiles.height - 1);
    return { channel, row, column: isRow ? 0 : Math.min(Number(view.column ?? last), tiles.block * tiles.width - 1) };
  }

  // The place next to one; nothing at the border.
  function moved({ units, tiles, step = tiles.block }, from, [right, down]) {
    if (units === undefined) {
      const { block, height, width } = tiles;
      const [row, column] = [from.row + step * down, from.column + step * right];
      return row >= 0 && row < block * height && column >= 0 && column < block * width ? { row, column } : null;
    }
    const columns = tiles.units_across || tiles.columns;
    const [channel, across] = [from.channel + right + down * columns, (from.channel % columns) + right];
    return across >= 0 && across < columns && channel >= 0 && channel < units ? { channel } : null;
  }

  document.addEventListener("keydown", (event) => {
    const here = focused(event);
    const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (!here || !isPlain || !(event.key in STEPS || event.key === "Enter")) return;
    event.preventDefault();
    const { about, place } = here;
    if (event.key === "Enter") {
      if (root.cnn.openPage() !== "why") root.cnn.why(about.layer, place);
      return;
    }
    const next = moved(about, place, STEPS[event.key]);
    if (!next) return;
    root.cnn.changeView(next, true);
    root.cnn.pointAt({ layer: about.layer, place: { ...place, ...next } });
  });

  // What is told of the cell is announced while its map has the focus.
  for (const [name, live] of [["focusin", "polite"], ["focusout", "off"]]) {
    document.addEventListener(name, (event) => {
      const here = focused(event);
      if (!here) return;
      const told = document.getElementById(here.box.dataset.cells);
      if (live === "polite" || told.dataset.quiet !== undefined) told.setAttribute("aria-live", live);
      root.cnn.pointAt(live === "polite" && here.box.matches(":focus-visible") ? { ...here.about, place: here.place } : null);
    });
  }

  root.cnn = { ...root.cnn, cellKeys: { placeNow, moved } };
})();
