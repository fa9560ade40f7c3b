// The page "Explain": a pixel that is pointed at in one map is read in all of them.
(function () {
  const root = window.dash_clientside;
  const { plotly } = root.cnn;
  const MAPS = ".explain-maps";

  for (const kind of ["pointermove", "pointerdown"]) document.addEventListener(kind, (event) => read(event));

  function read(event) {
    const pointed = plotly.plotOf(event.target);
    const point = pointed?.closest(MAPS) && plotly.pointIn(pointed, event);
    const place = point && shareOf(pointed, point);
    for (const plot of [...plotly.allPlots()].filter((one) => one.closest(`${MAPS}:not([hidden])`))) {
      const figure = /** @type {HTMLElement} */ (plot.closest(".dash-graph"));
      if (figure) root.cnn.paintText(`${figure.id}-read`, place ? told(plot, place) : "");
    }
  }

  // Maps of a layer have fewer cells than those of the picture: a place is a share of both sides.
  function shareOf(plot, { x, y }) {
    const cells = plotly.numbersOf(plot);
    if (!cells) return null;
    const [down, across] = [(y + 0.5) / cells.length, (x + 0.5) / cells[0].length];
    return down >= 0 && down < 1 && across >= 0 && across < 1 ? { down, across } : null;
  }

  function told(plot, { down, across }) {
    const cells = plotly.numbersOf(plot);
    if (!cells) return "";
    const [row, column] = [Math.floor(down * cells.length), Math.floor(across * cells[0].length)];
    const block = plot.data[0].meta?.tiles?.block || 1;
    const place = `row ${row * block}, column ${column * block}`;
    const number = root.cnn.network.number(cells[row][column]);
    return block > 1 ? `Largest of ${block}×${block} from ${place}: ${number}` : `R${place.slice(1)}: ${number}`;
  }
})();
