// A click on a cell leads to it: where its layer is the page's own it is the one looked at from then on,
// elsewhere the page "Why" opens with it. A double click on Activations opens that page too.
(function () {
  const root = window.dash_clientside;
  const { plotly } = root.cnn;
  const CHOOSING = "#activations-main, #activations-detail, #why-map, #surgery-maps";
  const TERMS = "#why-terms";
  // The figure that was enlarged when a click came: a double click shows it whole again.
  let enlarged = null;

  // The cell of a mosaic at a place in it, both counted from 0, of a block the first; nothing between its tiles.
  function locate({ count, height, width, columns, high, wide, block }, { x, y }) {
    const [down, across] = [Math.floor(y + 0.5), Math.floor(x + 0.5)];
    const [row, column] = [down % high, across % wide];
    const tile = Math.floor(across / wide);
    const channel = Math.floor(down / high) * columns + tile;
    const isInside = down >= 0 && across >= 0 && tile < columns && channel < count;
    return isInside && row < height && column < width ? { channel, row: row * block, column: column * block } : null;
  }

  // Of units there is a grid or a row of bars.
  function cellIn(plot, { tiles, units }, point) {
    const near = tiles && root.cnn.tilesAt(plot, point);
    const found = near ? locate(near.tiles, near.point) : { channel: Math.round(point.x) };
    if (!found || units === undefined) return found;
    const across = tiles && tiles.units_across;
    const channel = across ? found.row * across + found.column : found.channel;
    return channel >= 0 && channel < units ? { channel } : null;
  }

  // Slices of a volume stand one below the other.
  function inSlice({ slices }, place) {
    if (!slices || !place) return place;
    const [first, rows] = slices;
    return { ...place, depth: first + Math.floor(place.row / rows), row: place.row % rows };
  }

  // What is under a pointer: the plot, the layer that it shows, and the place in that layer.
  function cellAt(event) {
    const plot = plotly.plotOf(event.target);
    const about = plot ? plotly.aboutOf(plot) : {};
    const point = about.layer ? plotly.pointIn(plot, event) : null;
    const place = point && inSlice(about, cellIn(plot, about, point));
    return place && { plot, about, layer: about.layer, place: { ...place, channel: about.channel ?? place.channel } };
  }

  document.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || !root.cnn.currentView()) return;
    const cell = cellAt(event);
    if (cell && root.cnn.guessCell(cell)) return;
    const isOwn = cell && cell.plot.closest(CHOOSING);
    if (event.detail === 1) enlarged = cell?.about.tiles && plotly.isEnlarged(cell.plot) ? cell.plot : null;
    const isAgain = event.detail > 1 && root.cnn.openPage() === "activations" && cell?.plot !== enlarged;
    if (isOwn && !isAgain) choose(cell);
    else if (cell) why(cell.layer, cell.place);
    else chooseTerm(event);
  });

  // What shows one channel leaves it to the view which one.
  function choose({ about, place: { channel, ...rest } }) {
    root.cnn.changeView(about.channel === null ? { channel, ...rest } : rest);
  }

  // The way back leads to this page with the view as it is.
  function why(layer, place) {
    const view = root.cnn.changed(root.cnn.currentView(), place);
    const path = `${root.cnn.pathOf("why")}/${encodeURIComponent(layer)}`;
    root.cnn.goTo(path + root.cnn.toQuery(view));
    window.scrollTo(0, 0);
  }

  // A bar of what adds up stands for an input channel.
  function chooseTerm(event) {
    const plot = plotly.plotOf(event.target);
    const point = plot && plot.closest(TERMS) && plotly.pointIn(plot, event);
    const name = point && plot.data[0].x[Math.round(point.x)];
    if (/^\d+$/.test(name)) root.cnn.changeView({ source: name });
  }

  root.cnn = { ...root.cnn, cellAt, locate, cellIn, inSlice, why };
})();
