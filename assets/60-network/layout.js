// Places and sizes on the Network page: columns from left to right with the largest tiles that fit,
// or bands from top to bottom where it is narrow.
(function () {
  const root = window.dash_clientside;
  const network = (root.cnn.network ||= {});
  const NARROW = 700;
  const ROOMY = 900;
  const TILE = { least: 18, most: 80, few: 92, scrolled: 30, smallest: 12, widest: 300, gap: 3 };
  const UNIT = { width: 22, least: 3, most: 22, gap: 1 };
  const GAP = { least: 30, most: 120 };
  const HEAD = { gap: 12, below: 8, widest: 200 };
  const SPACE = { least: 400, tile: 72 };
  const EDGE = 4;
  // What text takes, in pixels of plain type; that of a presentation is larger.
  const TEXT = {
    row: { least: 15, most: 44, width: 168, narrow: 24 },
    label: { least: 64, most: 104, scrolled: 150, explained: [150, 140, 130, 120, 112, 104, 96, 88, 80] },
    foot: 17, above: 250, below: 76, slim: 150,
  };
  const PLAIN_TYPE = 16;
  const HIGHER = [1.2, 1.4, 1.7, 2];
  let text = TEXT;

  function rearrange(net) {
    const width = net.box.clientWidth;
    if (width !== net.width || (width >= NARROW && heightBelow(net.box) !== net.space)) arrange(net);
  }

  function arrange(net) {
    text = grown(TEXT, parseFloat(getComputedStyle(document.documentElement).fontSize) / PLAIN_TYPE);
    const [width, space] = [net.box.clientWidth, heightBelow(net.box)];
    if (!width) return;
    Object.assign(net, { width, space, tracks: network.tracks(net) });
    net.box.classList.remove("narrow");
    net.box.classList.toggle("explained", net.explained);
    const plan = planned(net);
    net.wide = Boolean(plan);
    net.box.classList.toggle("narrow", !net.wide);
    for (const { section } of net.layers) section.classList.remove("slim");
    if (plan) placeColumns(net, plan);
    else placeBands(net);
    net.layers.forEach(place);
    net.bottom = Math.max(...net.layers.map(({ block }) => block.y + block.height));
    network.drawEdges(net);
    for (const layer of net.layers) network.paint(net, layer);
    network.highlight(net);
    hintAtMore(net);
  }

  function grown(part, factor) {
    if (typeof part === "number") return Math.round(factor * part);
    if (Array.isArray(part)) return part.map((one) => grown(one, factor));
    return Object.fromEntries(Object.entries(part).map(([name, one]) => [name, grown(one, factor)]));
  }

  // What the window leaves below the page's own controls.
  function heightBelow(box) {
    const top = Math.min(text.above, box.getBoundingClientRect().top + window.scrollY);
    return Math.max(SPACE.least, Math.floor(window.innerHeight - top - text.below));
  }

  // Where columns are out of sight, the picture fades towards them.
  function hintAtMore({ box }) {
    const { scrollLeft, clientWidth, scrollWidth } = box;
    box.classList.toggle("more-left", scrollLeft > 4);
    box.classList.toggle("more-right", scrollLeft + clientWidth < scrollWidth - 4);
  }

  // ---- Columns.

  // Nothing where bands are better.
  function planned(net) {
    if (net.width < NARROW) return null;
    measureNames(net.layers);
    return bestFitting(net, net.space) || (net.width < ROOMY ? null : higher(net) || scrolling(net));
  }

  function bestFitting(net, space) {
    const labels = net.explained ? text.label.explained : [text.label.least];
    const plans = labels.map((least) => fitting(net, least, space)).filter(Boolean);
    return plans.length ? plans.reduce((best, one) => (one.side > best.side ? one : best)) : null;
  }

  // With explanations the page may rather be higher than the window than wider.
  function higher(net) {
    const narrowest = net.columns.length * Math.min(...text.label.explained);
    if (!net.explained || narrowest > net.width) return null;
    return HIGHER.reduce((plan, times) => plan || bestFitting(net, times * net.space), null);
  }

  // The largest tiles with which all columns are in sight.
  function fitting(net, least, space) {
    const frame = framed(net, least, text.label.most, space);
    for (let side = TILE.most; side >= TILE.least; side--) {
      const plan = filled(net, frame, (layer, room) => bounded(layer, side, room));
      if (extent(plan, GAP.least) <= net.width - 2 * EDGE) return { ...plan, side };
    }
    return null;
  }

  function scrolling(net) {
    const least = net.explained ? text.label.scrolled : text.label.most;
    return filled(net, framed(net, least, text.label.scrolled, net.space), (layer, room) =>
      enlarged(layer, room) || bounded(layer, TILE.scrolled, room));
  }

  function measureNames(layers) {
    for (const { section } of layers) section.style.width = "min-content";
    for (const layer of layers) layer.needs = layer.head.offsetWidth;
  }

  // The widths of the headers, and the height that they leave.
  function framed(net, least, most, space) {
    const labels = net.columns.map((layers) =>
      Math.min(Math.max(least, ...layers.map(({ needs }) => needs)), Math.max(least, most)));
    for (const { section, column } of net.layers) section.style.width = labels[column] + "px";
    const head = Math.max(...net.layers.map((layer) => layer.head.offsetHeight)) + HEAD.below;
    const needed = net.layers.map((layer) => layer.lanes * (head + leastRoom(layer) + text.foot));
    const height = Math.max(space, net.tracks.thickness + Math.max(...needed));
    return { labels, head, height, lanesHeight: height - net.tracks.thickness };
  }

  function leastRoom({ rows }) {
    return rows ? rows.length * text.row.least : SPACE.tile;
  }

  function filled({ columns }, frame, gridOf) {
    const grids = new Map();
    const widths = columns.map((layers) => Math.max(...layers.map((layer) => {
      const room = frame.lanesHeight / layer.lanes - frame.head - text.foot;
      grids.set(layer, gridOf(layer, room));
      return grids.get(layer).width;
    })));
    return { ...frame, grids, widths };
  }

  // Branches are low: many channels of one are smaller rather than very wide.
  function bounded(layer, most, room) {
    let grid = gridIn(layer, most, room);
    for (let side = most; side >= TILE.smallest && grid.width > TILE.widest; side--) {
      grid = gridIn(layer, side, room);
    }
    return grid;
  }

  // The largest tiles of a column that is about as wide as its header; nothing if they are small.
  function enlarged(layer, room) {
    const count = layer.channels.length;
    if (layer.form !== "maps" || count <= 3) return null;
    const ratio = aspect(layer);
    const heights = layer.channels.map((_, i) => Math.floor(Math.min(
      (room + TILE.gap) / Math.ceil(count / (i + 1)) - TILE.gap,
      ((text.label.most + TILE.gap) / (i + 1) - TILE.gap) / ratio)));
    const high = Math.max(...heights);
    if (Math.max(high, high * ratio) < TILE.scrolled) return null;
    return sized(count, heights.indexOf(high) + 1, Math.round(high * ratio), high, TILE.gap);
  }

  // The grid of a layer's tiles in a place `room` high, with tiles of about `side` pixels.
  function gridIn(layer, side, room) {
    const count = layer.channels.length;
    if (layer.rows) {
      const step = Math.min(text.row.most, Math.floor(room / layer.rows.length));
      return { width: text.row.width, height: step * layer.rows.length, step, columns: 1 };
    }
    if (layer.form === "units") return unitGrid(count, room);
    const few = count <= 3 ? Math.max(side, TILE.few) : side;
    const [w, h] = [few * Math.min(1, aspect(layer)), few / Math.max(1, aspect(layer))];
    const most = Math.max(1, Math.floor((room + TILE.gap) / (h + TILE.gap)));
    const columns = Math.ceil(count / most);
    const tall = Math.floor((room + TILE.gap) / Math.ceil(count / columns)) - TILE.gap;
    const high = Math.max(4, Math.min(tall, Math.floor(count > 3 ? 1.2 * h : h)));
    return sized(count, columns, Math.max(4, Math.round((high * w) / h)), high, TILE.gap);
  }

  function unitGrid(count, room) {
    const step = Math.floor((room + UNIT.gap) / count);
    const cell = Math.max(UNIT.least, Math.min(UNIT.most, step - UNIT.gap));
    const columns = Math.ceil((count * (cell + UNIT.gap)) / (room + UNIT.gap));
    return sized(count, columns, UNIT.width, cell, UNIT.gap);
  }

  function sized(count, columns, tileWidth, tileHeight, gap) {
    const rowCount = Math.ceil(count / columns);
    return {
      columns, gap, tileWidth, tileHeight,
      width: columns * (tileWidth + gap) - gap,
      height: rowCount * (tileHeight + gap) - gap,
    };
  }

  function aspect(layer) {
    const [height, width] = (layer.data && layer.data.size) || layer.tile;
    return height && width ? Math.min(3, Math.max(1 / 3, width / height)) : 1;
  }

  // A map may turn out to be of another shape than the model says, which may not know it.
  function isReshaped(layer) {
    return layer.block !== undefined && layer.aspect !== aspect(layer);
  }

  function pitch({ widths, labels }, gap, i) {
    return Math.max(widths[i] + gap, labels[i] + HEAD.gap);
  }

  function extent(plan, gap) {
    const last = plan.widths.length - 1;
    const before = plan.widths.slice(0, last).reduce((sum, _, i) => sum + pitch(plan, gap, i), 0);
    return before + Math.max(plan.widths[last], plan.labels[last]);
  }

  function placeColumns(net, plan) {
    const gap = widestGap(net, plan);
    const whole = extent(plan, gap);
    let left = Math.max(EDGE, Math.floor((net.width - whole) / 2));
    const right = left + whole;
    net.columns.forEach((layers, i) => {
      const isLast = i === net.columns.length - 1;
      const room = isLast ? right - left : pitch(plan, gap, i) - HEAD.gap;
      const width = Math.min(room, Math.max(HEAD.widest, plan.widths[i]));
      for (const layer of layers) placeInLane(layer, plan, left, width);
      left += pitch(plan, gap, i);
    });
    setStage(net, Math.max(net.width, right + EDGE), plan.height);
  }

  // What is left of the width goes into the gaps, the narrowest first.
  function widestGap(net, plan) {
    let gap = GAP.least;
    while (gap < GAP.most && extent(plan, gap + 1) <= net.width - 2 * EDGE) gap += 1;
    return gap;
  }

  function placeInLane(layer, { lanesHeight, head, grids }, left, width) {
    const share = lanesHeight / layer.lanes;
    const grid = grids.get(layer);
    const slack = Math.max(0, share - head - text.foot - grid.height);
    setPlace(layer, left, layer.lane * share, width, grid);
    setBlock(layer, left, layer.top + head + slack / 2);
  }

  // ---- Bands.

  function placeBands(net) {
    const width = net.width - net.tracks.thickness;
    let top = 0;
    for (const layers of net.columns) {
      const share = (width - 8 * (layers.length - 1)) / layers.length;
      for (const { section } of layers) {
        section.style.width = share + "px";
        section.classList.toggle("slim", share < text.slim);
      }
      const heights = layers.map((layer) => placeInBand(layer, top, share, width));
      top += Math.max(...heights) + 22;
    }
    setStage(net, net.width, top - 16);
  }

  function placeInBand(layer, top, share, width) {
    const left = layer.lane * (share + 8);
    const head = layer.head.offsetHeight + 6;
    const grid = bandGrid(layer, share, width);
    setPlace(layer, left, top, share, grid);
    setBlock(layer, left + (share - grid.width) / 2, top + head);
    return head + grid.height + (network.hasMore(layer) ? text.foot : 0);
  }

  function bandGrid(layer, share, width) {
    const count = layer.channels.length;
    if (layer.rows) {
      return { width: share, height: text.row.narrow * layer.rows.length, step: text.row.narrow, columns: 1 };
    }
    const isUnits = layer.form === "units";
    const gap = isUnits ? 1 : 2;
    const even = Math.max(14, width / (14 * Math.sqrt(layer.lanes)));
    const wanted = isUnits ? width / 32 : Math.max(even, Math.min(60, (share + gap) / count));
    const most = Math.min(count, Math.max(1, Math.floor((share + gap) / wanted)));
    const columns = Math.ceil(count / Math.ceil(count / most));
    const tile = Math.max(3, Math.floor(Math.min(wanted, (share + gap) / columns) - gap));
    return sized(count, columns, tile, isUnits ? 16 : Math.round(tile / aspect(layer)), gap);
  }

  // ---- Places.

  function setPlace(layer, left, top, width, grid) {
    Object.assign(layer, { left, top, width, grid, aspect: aspect(layer) });
  }

  function setBlock(layer, x, y) {
    const { width, height } = layer.grid;
    layer.block = { x: Math.round(x), y: Math.round(y), width, height };
  }

  function setStage({ stage, edges, links }, width, height) {
    stage.style.width = width + "px";
    stage.style.height = height + "px";
    for (const drawing of [edges, links]) {
      drawing.setAttribute("width", width);
      drawing.setAttribute("height", height);
    }
  }

  function place({ section, face, foot, block, left, top, width, rows, grid: { step } }) {
    const [x, y] = [block.x - left, block.y - top];
    pin(section, { left, top, width });
    pin(face, { left: x, top: y, width: block.width, height: block.height });
    pin(foot, { left: x, top: y + block.height + 2 });
    if (rows) {
      face.style.setProperty("--row", step + "px");
      return;
    }
    const dots = window.devicePixelRatio || 1;
    face.width = Math.round(block.width * dots);
    face.height = Math.round(block.height * dots);
  }

  function pin(element, pixels) {
    for (const [name, value] of Object.entries(pixels)) element.style[name] = value + "px";
  }

  // The place of a tile on the canvas of its layer, by its number among those shown.
  function tilePlace({ columns, tileWidth, tileHeight, gap }, i) {
    return { x: (i % columns) * (tileWidth + gap), y: Math.floor(i / columns) * (tileHeight + gap) };
  }

  // The place of a tile, or of a class, on the stage; nothing where a class has no row.
  function tileBox({ block, grid, rows }, i) {
    if (rows) {
      const at = rows.findIndex((row) => row.index === i);
      const y = block.y + at * grid.step;
      return at < 0 ? null : { x: block.x, y, width: block.width, height: grid.step };
    }
    const { x, y } = tilePlace(grid, i);
    return { x: block.x + x, y: block.y + y, width: grid.tileWidth, height: grid.tileHeight };
  }

  Object.assign(network, { arrange, rearrange, hintAtMore, isReshaped, tilePlace, tileBox });
})();
