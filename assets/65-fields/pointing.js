// Point at a cell: what it reads is outlined on the picture and in every layer before it that is on the
// screen. Point at a pixel of the picture: what it reaches is outlined in every layer after. While nothing is
// pointed at, it is the field of the cell that was chosen.
(function () {
  const root = window.dash_clientside;
  const { plotly, network } = root.cnn;
  const OWN = "#activations-detail, #why-map";

  // What each layer reads, by model and size of picture; null while it is asked for.
  let tables;
  // The cell that is pointed at, and whether the next frame draws.
  let pointed, waits, isDrawn;
  root.cnn.atStart(() => {
    tables = new Map();
    [pointed, waits, isDrawn] = [null, false, false];
  });

  // ---- What is pointed at.

  // Before anything on the page follows the pointer: to look for a place later is to lay out the page twice.
  document.addEventListener("pointermove", (event) => {
    if (event.pointerType !== "touch") pointAt(cellUnder(event));
  }, { capture: true });
  document.documentElement.addEventListener("pointerleave", () => pointAt(null));
  document.addEventListener("scroll", drawSoon, { capture: true, passive: true });
  document.addEventListener("load", ({ target }) => target.id === "picture" && drawSoon(), true);
  window.addEventListener("resize", drawSoon);
  plotly.atFirstDrawing((plot) => plotly.afterDrawing(plot, drawSoon));

  function cellUnder(event) {
    return pixelAt(event) || network.cellAt(event) || root.cnn.cellAt(event);
  }

  // A cell is { layer, place }, a pixel of the panel's picture has no layer.
  function pointAt(cell) {
    if (!cell && !pointed) return;
    pointed = cell && { ...cell, path: location.pathname };
    drawSoon();
  }

  function pixelAt({ target, clientX, clientY }) {
    if (!target.closest || !target.closest(".sample-row .sample")) return null;
    const { left, top, scale, width, height } = pictureArea();
    const [row, column] = [Math.floor((clientY - top) / scale), Math.floor((clientX - left) / scale)];
    const isInside = row >= 0 && column >= 0 && row < height && column < width;
    return isInside ? { layer: null, place: { channel: null, row, column } } : null;
  }

  // The rows and columns of what the network sees; a large one is shown smaller.
  const pictureSize = ({ dataset: { height, width } }) => [Number(height), Number(width)];

  // Where the picture of the panel is in the window: its pixels stand in the middle of its frame.
  function pictureArea() {
    const image = /** @type {HTMLImageElement} */ (document.getElementById("picture"));
    const bounds = image.getBoundingClientRect();
    const { clientWidth, clientHeight, clientLeft } = image;
    const [height, width] = pictureSize(image);
    const scale = Math.min(clientWidth / width, clientHeight / height);
    const left = bounds.left + clientLeft + (clientWidth - scale * width) / 2;
    const top = bounds.top + clientLeft + (clientHeight - scale * height) / 2;
    return { image, left, top, scale, width, height };
  }

  // The cell that the reader has chosen on a page that shows one.
  function chosen() {
    const view = root.cnn.currentView();
    const box = document.querySelector(OWN);
    const plot = box && plotly.plotIn(box);
    const { layer, cell } = plot ? plotly.aboutOf(plot) : {};
    const isChosen = view && (cell?.length > 1 ? view.row || view.column : view.channel);
    return layer && isChosen ? { layer, index: cell } : null;
  }

  // ---- The field.

  function drawSoon() {
    if (waits) return;
    waits = true;
    requestAnimationFrame(() => {
      waits = false;
      draw();
    });
  }

  function draw() {
    const wanted = pointed && pointed.path === location.pathname ? pointed : chosen();
    if (!wanted && !isDrawn) return;
    const table = wanted ? knownTable() : null;
    const field = table && fieldOf(table, wanted);
    isDrawn = Boolean(field);
    const boxOf = (name, sides) => (field ? boxIn(table, field, name, sides) : null);
    // All places are measured before anything is drawn: a drawing would have each measured anew.
    const plots = [...plotly.allPlots()].filter(isInSight);
    const drawings = [ofPicture(table, boxOf), ...network.ofThumbnails(boxOf), ...plots.map((plot) => ofPlot(plot, boxOf))];
    for (const { outlines, shapes, place } of drawings) if (outlines) outlines.show(shapes, place);
    root.cnn.paintText("field-text", field ? root.cnn.fieldInWords(table, field) : "");
  }

  function fieldOf(table, { layer, place, index }) {
    const name = layer || table.picture;
    const found = table.layers.find((one) => one.name === name);
    if (!found) return null;
    const cell = index || root.cnn.indexOf(found.shape, place);
    if (!cell) return null;
    const follow = name === table.picture ? root.cnn.projectiveField : root.cnn.receptiveField;
    return { ...follow(table, name, cell), index: cell };
  }

  // The part of a layer as `sides` [rows, columns] are drawn, and which of its channels; of units the first and
  // the last one.
  function boxIn({ layers }, { cells }, name, sides) {
    const { bounds, channels } = cells.get(name) || {};
    if (!bounds) return null;
    const { shape } = layers.find((one) => one.name === name);
    if (shape.length === 1) return { first: bounds[0][0], last: bounds[0][1] };
    if (!sides) return null;
    return { channels, ...root.cnn.rowsAndColumns(bounds, shape) };
  }

  // The table of the model and the size of its picture; nothing while either is on its way.
  function knownTable() {
    const view = root.cnn.currentView();
    const [height, width] = pictureSize(document.getElementById("picture"));
    if (!view || !width) return null;
    const key = `${root.cnn.networkOf(view)} ${width}×${height}`;
    if (!tables.has(key)) ask(key, view);
    return tables.get(key);
  }

  async function ask(key, view) {
    const mine = tables;
    mine.set(key, null);
    const got = await fetch(root.cnn.addressOf("fields") + root.cnn.toQuery(view)).catch(() => null);
    if (got && got.ok) mine.set(key, await got.json());
    else mine.delete(key);
    if (mine.get(key)) drawSoon();
  }

  // ---- Where it is drawn.

  function ofPicture(table, boxOf) {
    const row = /** @type {any} */ (document.querySelector(".sample-row"));
    const box = table && boxOf(table.picture, true);
    row.outlines ||= root.cnn.outlines(row);
    if (!box) return { outlines: row.outlines, shapes: [] };
    const { left, top, scale, width, height } = pictureArea();
    const corner = row.getBoundingClientRect();
    const place = {
      left: left - corner.left, top: top - corner.top, width: scale * width, height: scale * height,
      view: [0, 0, width, height],
    };
    return { outlines: row.outlines, shapes: [inCells(box)], place };
  }

  function inCells({ rows, columns }, x = 0, y = 0) {
    return root.cnn.rectangle(
      x + columns[0], y + rows[0], columns[1] - columns[0] + 1, rows[1] - rows[0] + 1);
  }

  function ofPlot(plot, boxOf) {
    const about = plotly.aboutOf(plot);
    const box = about.layer ? boxOf(about.layer, about.tiles) : null;
    if (!box) return { outlines: plot.outlines, shapes: [] };
    const { left, top, width, height, across, down } = plotly.areaOf(plot);
    const [x, y] = [across[0] + 0.5, about.tiles ? down[0] + 0.5 : 0];
    plot.outlines ||= root.cnn.outlines(plot);
    const view = [x, y, across[1] - across[0], about.tiles ? down[1] - down[0] : 1];
    const shapes = about.tiles ? inTiles(about, box) : [inBars(box)];
    return { outlines: plot.outlines, shapes, place: { left, top, width, height, view } };
  }

  function isInSight(plot) {
    const { top, bottom } = plot.getBoundingClientRect();
    return bottom > 0 && top < window.innerHeight;
  }

  function inBars({ first, last }) {
    return root.cnn.rectangle(first, 0, last - first + 1, 1);
  }

  // A shape for each row of tiles.
  function inTiles({ tiles, units, channel }, box) {
    if (units !== undefined) return [inGrid(tiles, box)];
    const dots = { rows: inBlocks(box.rows, tiles.block), columns: inBlocks(box.columns, tiles.block) };
    const shapes = Array(Math.ceil(tiles.count / tiles.columns)).fill("");
    for (let tile = 0; tile < tiles.count; tile++) {
      if (!box.channels[channel ?? tile]) continue;
      const row = Math.floor(tile / tiles.columns);
      shapes[row] += inCells(dots, (tile % tiles.columns) * tiles.wide, row * tiles.high);
    }
    return shapes;
  }

  const inBlocks = (ends, block) => ends.map((end) => Math.floor(end / block));

  function inGrid({ columns, units_across: across, block }, { first, last }) {
    const wide = across || columns;
    const rows = [Math.floor(first / wide), Math.floor(last / wide)];
    const ends = rows[0] === rows[1] ? [first % wide, last % wide] : [0, wide - 1];
    return inCells({ rows: inBlocks(rows, block), columns: inBlocks(ends, block) });
  }

  root.cnn = { ...root.cnn, pointAt };
})();
