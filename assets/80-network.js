// The whole network on one screen. Its structure comes from the store of the page, its values as
// bytes from the server; a layer is one canvas, and what is pointed at is drawn in SVG above it.
(function () {
  const root = (window.dash_clientside = window.dash_clientside || {});
  const NARROW = 700;
  const TILE = { least: 18, most: 66, few: 92, scrolled: 30, smallest: 12, widest: 300, gap: 3 };
  const UNIT = { width: 22, least: 3, most: 22, gap: 1 };
  const ROW = { least: 20, most: 44, shown: 12, width: 168 };
  const GAP = { least: 30, most: 120 };
  const HEAD_GAP = 12;
  const EDGE = 8;
  const BELOW = 76;
  const TRACK = 10;
  const FOOT = 17;
  const RETRY_MILLISECONDS = 1000;
  const LIVE_MILLISECONDS = 1000;

  let net = null;
  const strengths = new Map();

  // ---- Structure: the elements of every layer, made once per model.

  function element(tag, className, text) {
    const made = document.createElement(tag);
    made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  // A long name may break behind its underscores and slashes.
  function breakable(text) {
    const parts = text.split(/(?<=[_/ ])/);
    return parts.flatMap((part, i) => (i ? [document.createElement("wbr"), part] : [part]));
  }

  function build(box, structure) {
    if (net) net.observer.disconnect();
    const stage = element("div", "net-stage");
    const [edges, links] = ["net-edges", "net-links"].map(svg);
    net = { box, structure, stage, edges, links, key: "", asked: 0, view: null, explained: false, live: -LIVE_MILLISECONDS };
    net.tables = {
      sequential: palette(structure.sequential),
      diverging: palette(structure.diverging),
    };
    net.layers = structure.layers.map(makeLayer);
    net.byName = new Map(net.layers.map((layer) => [layer.name, layer]));
    for (const layer of net.layers) {
      layer.sources = layer.inputs.map((name) => net.byName.get(name));
      layer.targets = net.layers.filter((other) => other.inputs.includes(layer.name));
    }
    stage.append(edges, ...net.layers.map((layer) => layer.section), links);
    box.replaceChildren(stage);
    net.observer = new ResizeObserver(() => arrange(false));
    net.observer.observe(box);
    say();
  }

  function svg(className) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    made.setAttribute("class", className);
    made.setAttribute("aria-hidden", "true");
    return made;
  }

  function makeLayer(described) {
    const layer = { ...described, data: null, key: "", order: 0 };
    const isClasses = layer.form === "classes";
    layer.title = layer.title || layer.name;
    layer.section = element("section", "net-layer");
    layer.section.style.setProperty("--family", layer.colour);
    layer.head = header(layer);
    layer.face = isClasses ? element("div", "net-classes") : tiles(layer);
    layer.foot = element("div", "net-foot", more(layer));
    if (more(layer)) layer.foot.title = moreInWords(layer);
    layer.section.append(layer.head, layer.face, layer.foot);
    if (isClasses) layer.rows = rows(layer);
    return layer;
  }

  function header(layer) {
    const head = element("header", "net-head");
    const link = element("a", "net-name keeps-view");
    link.href = layer.href;
    link.title = layer.title;
    link.append(...breakable(layer.title));
    const caption = element("span", "net-caption");
    const kind = element("span", "net-kind", layer.kind);
    kind.title = layer.kind;
    caption.append(element("span", "net-shape", layer.shape), " ", kind);
    head.append(link, caption, element("p", "net-explanation", layer.explanation));
    return head;
  }

  function tiles(layer) {
    const canvas = element("canvas", "net-tiles");
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "application");
    const what = layer.form === "units" ? "Units" : "Channels";
    canvas.setAttribute("aria-label", `${what} of ${layer.name}`);
    canvas.setAttribute("aria-describedby", "network-status");
    layer.atlas = document.createElement("canvas");
    return canvas;
  }

  function more({ form, total, shown }) {
    return form !== "classes" && shown.length < total
      ? `+${(total - shown.length).toLocaleString("en")}` : "";
  }

  function moreInWords({ total, shown }) {
    return `${shown.length} of ${total.toLocaleString("en")}: every ${ordinal(shown[1])}`;
  }

  function ordinal(n) {
    const ending = n % 100 > 10 && n % 100 < 14 ? "th" : ["th", "st", "nd", "rd"][n % 10] || "th";
    return n + ending;
  }

  function rows(layer) {
    const count = Math.min(layer.total, net.structure.classes.length > 20 ? ROW.shown : 20);
    return Array.from({ length: count }, () => {
      const row = element("a", "net-class keeps-view");
      row.href = layer.href;
      const [name, track] = [element("span", "net-class-name"), element("span", "net-track")];
      const fill = element("span", "net-fill");
      const share = element("span", "net-share");
      track.append(fill);
      row.append(name, track, share);
      layer.face.append(row);
      return { row, name, fill, share, index: -1 };
    });
  }

  function palette(digits) {
    const table = new Uint32Array(digits.length / 6);
    for (let i = 0; i < table.length; i++) {
      const [r, g, b] = [0, 2, 4].map((at) => parseInt(digits.slice(6 * i + at, 6 * i + at + 2), 16));
      table[i] = (255 << 24) | (b << 16) | (g << 8) | r;
    }
    return table;
  }

  // ---- Layout: columns from left to right, or bands from top to bottom on a phone.

  function arrange(always) {
    const width = net.box.clientWidth;
    const wide = width >= NARROW;
    const height = wide ? wideHeight() : 0;
    if (!width || (!always && net.width === width && net.height === height)) return;
    Object.assign(net, { width, height, wide });
    net.box.classList.toggle("narrow", !wide);
    net.box.classList.toggle("explained", net.explained);
    net.columns = [];
    for (const layer of net.layers) (net.columns[layer.column] ||= []).push(layer);
    net.tracks = longEdges();
    (wide ? arrangeWide : arrangeNarrow)();
    for (const layer of net.layers) place(layer);
    net.bottom = Math.max(...net.layers.map(({ block }) => block.y + block.height));
    drawEdges();
    for (const layer of net.layers) paint(layer);
    highlight();
    hintAtMore();
  }

  // Where columns are out of sight, the picture fades towards them.
  function hintAtMore() {
    const { scrollLeft, clientWidth, scrollWidth } = net.box;
    net.box.classList.toggle("more-left", scrollLeft > 4);
    net.box.classList.toggle("more-right", scrollLeft + clientWidth < scrollWidth - 4);
  }

  function wideHeight() {
    const top = net.box.getBoundingClientRect().top + window.scrollY;
    return Math.max(400, window.innerHeight - top - BELOW);
  }

  function aspect(layer) {
    const [height, width] = (layer.data && layer.data.size) || layer.tile;
    return height && width ? Math.min(3, Math.max(1 / 3, width / height)) : 1;
  }

  // The grid of a layer's tiles in a place `room` high, with tiles of about `side` pixels.
  function grid(layer, side, room) {
    const count = layer.shown.length;
    if (layer.form === "classes") {
      const step = Math.min(ROW.most, Math.max(ROW.least, Math.floor(room / layer.rows.length)));
      return { width: ROW.width, height: step * layer.rows.length, step, columns: 1 };
    }
    if (layer.form === "units") {
      const step = (room + UNIT.gap) / count;
      const cell = Math.max(UNIT.least, Math.min(UNIT.most, Math.floor(step) - UNIT.gap));
      return sized(count, Math.ceil((count * (cell + UNIT.gap)) / room), UNIT.width, cell, UNIT.gap);
    }
    const few = count <= 3 ? Math.max(side, TILE.few) : side;
    const [w, h] = [few * Math.min(1, aspect(layer)), few / Math.max(1, aspect(layer))];
    const most = Math.max(1, Math.floor((room + TILE.gap) / (h + TILE.gap)));
    const columns = Math.ceil(count / most);
    const tall = Math.floor((room + TILE.gap) / Math.ceil(count / columns)) - TILE.gap;
    const high = Math.max(4, Math.min(tall, Math.floor(count > 3 ? 1.2 * h : h)));
    return sized(count, columns, Math.max(4, Math.round((high * w) / h)), high, TILE.gap);
  }

  function sized(count, columns, tileWidth, tileHeight, gap) {
    const rowCount = Math.ceil(count / columns);
    return {
      columns, gap, tileWidth, tileHeight,
      width: columns * (tileWidth + gap) - gap,
      height: rowCount * (tileHeight + gap) - gap,
    };
  }

  function arrangeWide() {
    const strip = net.tracks.count ? net.tracks.count * TRACK + 14 : 0;
    const labels = net.explained ? [150, 140, 130, 120, 112, 104] : [104, 96, 88, 80, 74];
    const plan = labels.map((label) => fit(label, strip)).find((one) => one.fits) ||
      fit(labels[0], strip, TILE.scrolled);
    const gap = widestGap(plan);
    const room = net.height - strip;
    let left = Math.max(EDGE / 2, Math.floor((net.width - extent(plan, gap)) / 2));
    const right = left + extent(plan, gap);
    net.columns.forEach((layers, i) => {
      const pitch = i < plan.widths.length - 1 ? pitchOf(plan, gap, i) : right - left;
      for (const layer of layers) {
        const [top, share] = [(layer.lane * room) / layer.lanes, room / layer.lanes];
        const slack = Math.max(0, share - plan.head - FOOT - layer.grid.height);
        setPlace(layer, left, top, Math.min(pitch - HEAD_GAP, Math.max(200, layer.grid.width)), plan.head, layer.grid);
        layer.block.y += slack / 2;
      }
      left += pitch;
    });
    setStage(Math.max(net.width, right + EDGE / 2), net.height);
  }

  function pitchOf({ widths, label }, gap, i) {
    return Math.max(widths[i] + gap, label + HEAD_GAP);
  }

  function extent(plan, gap) {
    const { widths, label } = plan;
    const last = Math.max(widths[widths.length - 1], label);
    return widths.slice(0, -1).reduce((sum, _, i) => sum + pitchOf(plan, gap, i), last);
  }

  // What is left of the width goes into the gaps, the narrowest first.
  function widestGap(plan) {
    let gap = GAP.least;
    while (gap < GAP.most && extent(plan, gap + 1) <= net.width - EDGE) gap += 1;
    return gap;
  }

  // The largest tiles with which all columns fit; headers are at least `label` wide.
  function fit(label, strip, fixed) {
    for (const layer of net.layers) layer.section.style.width = label + "px";
    const head = Math.max(...net.layers.map((layer) => layer.head.offsetHeight)) + 8;
    for (let side = fixed || TILE.most; side >= (fixed || TILE.least); side--) {
      const widths = net.columns.map((layers) =>
        Math.max(...layers.map((layer) => {
          const room = (net.height - strip) / layer.lanes - head - FOOT;
          layer.grid = grid(layer, side, Math.max(24, room));
          if (fixed) enlarge(layer, label, Math.max(24, room));
          if (layer.grid.width > TILE.widest) reduce(layer, side, Math.max(24, room));
          return layer.grid.width;
        })));
      const plan = { fits: true, widths, label, head };
      if (fixed || extent(plan, GAP.least) <= net.width - EDGE) return plan;
    }
    return { fits: false };
  }

  // Where there is no haste, few channels are as large as their header is wide.
  function enlarge(layer, label, room) {
    for (let side = TILE.most; side > TILE.scrolled; side--) {
      const larger = grid(layer, side, room);
      if (larger.width <= label) {
        layer.grid = larger;
        return;
      }
    }
  }

  // Branches are low: many channels of one are smaller rather than very wide.
  function reduce(layer, from, room) {
    for (let side = from; side >= TILE.smallest && layer.grid.width > TILE.widest; side--) {
      layer.grid = grid(layer, side, room);
    }
  }

  function arrangeNarrow() {
    const strip = net.tracks.count ? net.tracks.count * TRACK + 6 : 0;
    const width = net.width - strip;
    let top = 0;
    for (const layers of net.columns) {
      const share = (width - 8 * (layers.length - 1)) / layers.length;
      let bottom = 0;
      for (const layer of layers) {
        const left = layer.lane * (share + 8);
        layer.section.style.width = share + "px";
        const head = layer.head.offsetHeight + 6;
        const found = narrowGrid(layer, share, width);
        setPlace(layer, left, top, share, head, found);
        layer.block.x = left + (share - found.width) / 2;
        layer.block.y = top + head;
        bottom = Math.max(bottom, head + found.height + (more(layer) ? FOOT : 0));
      }
      top += bottom + 22;
    }
    setStage(net.width, top - 16);
  }

  function narrowGrid(layer, share, width) {
    const count = layer.shown.length;
    if (layer.form === "classes") {
      return { width: share, height: 23 * layer.rows.length, step: 23, columns: 1 };
    }
    const isUnits = layer.form === "units";
    const gap = isUnits ? 1 : 2;
    const wanted = isUnits ? width / 32 : count <= 3 ? 60 : width / 14;
    const columns = Math.min(count, Math.max(1, Math.floor((share + gap) / wanted)));
    const rowCount = Math.ceil(count / columns);
    const even = Math.ceil(count / rowCount);
    const tile = Math.max(3, Math.floor(Math.min(wanted, (share + gap) / even) - gap));
    return sized(count, even, tile, isUnits ? 16 : Math.round(tile / aspect(layer)), gap);
  }

  function setPlace(layer, left, top, width, head, found) {
    layer.grid = found;
    layer.left = left;
    layer.top = top;
    layer.width = width;
    layer.block = { x: left, y: top + head, width: found.width, height: found.height };
  }

  function setStage(width, height) {
    net.stage.style.width = width + "px";
    net.stage.style.height = height + "px";
    for (const drawing of [net.edges, net.links]) {
      drawing.setAttribute("width", width);
      drawing.setAttribute("height", height);
    }
  }

  function place(layer) {
    const { section, face, foot, block } = layer;
    block.x = Math.round(block.x);
    block.y = Math.round(block.y);
    section.style.left = layer.left + "px";
    section.style.top = layer.top + "px";
    section.style.width = layer.width + "px";
    face.style.left = block.x - layer.left + "px";
    face.style.top = block.y - layer.top + "px";
    face.style.width = block.width + "px";
    face.style.height = block.height + "px";
    foot.style.top = block.y - layer.top + block.height + 2 + "px";
    foot.style.left = block.x - layer.left + "px";
    if (layer.rows) face.style.setProperty("--row", layer.grid.step + "px");
    if (layer.rows) return;
    const dots = window.devicePixelRatio || 1;
    face.width = Math.round(block.width * dots);
    face.height = Math.round(block.height * dots);
  }

  // The place of a tile on the stage, by its place among those shown.
  function tileBox(layer, i) {
    const { block, grid: { columns, tileWidth, tileHeight, gap, step } } = layer;
    if (layer.rows) {
      const at = layer.rows.findIndex((row) => row.index === i);
      return at < 0 ? null : { x: block.x, y: block.y + at * step, width: block.width, height: step };
    }
    return {
      x: block.x + (i % columns) * (tileWidth + gap),
      y: block.y + Math.floor(i / columns) * (tileHeight + gap),
      width: tileWidth,
      height: tileHeight,
    };
  }

  // ---- Edges between layers: ribbons to the next column, tracks along the border past others.

  function longEdges() {
    const taken = [];
    const of = new Map();
    const long = allEdges().filter(([a, b]) => b.column - a.column > 1);
    long.sort((one, two) => one[1].column - one[0].column - (two[1].column - two[0].column));
    for (const [a, b] of long) {
      let track = taken.findIndex((spans) =>
        spans.every(([from, to]) => to <= a.column || from >= b.column));
      if (track < 0) track = taken.length < 6 ? taken.push([]) - 1 : 5;
      taken[track].push([a.column, b.column]);
      of.set(a.name + "\n" + b.name, track);
    }
    return { count: taken.length, of };
  }

  function allEdges() {
    return net.layers.flatMap((layer) => layer.sources.map((source) => [source, layer]));
  }

  function drawEdges() {
    net.edges.innerHTML = allEdges().map(([a, b]) => {
      const track = net.tracks.of.get(a.name + "\n" + b.name);
      const shape = track === undefined ? ribbon(a.block, b.block) : detour(a.block, b.block, track);
      const kind = track === undefined ? "net-ribbon" : "net-detour";
      const ends = `data-from="${attribute(a.name)}" data-to="${attribute(b.name)}"`;
      return `<path class="${kind}" ${ends} d="${shape}" style="--family:${b.colour}"/>`;
    }).join("");
  }

  function attribute(text) {
    return text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
  }

  function ribbon(a, b) {
    if (!net.wide) return ribbonDown(a, b);
    const [x1, x2] = [a.x + a.width + 3, b.x - 3];
    const middle = (x1 + x2) / 2;
    return `M${x1},${a.y}C${middle},${a.y} ${middle},${b.y} ${x2},${b.y}V${b.y + b.height}` +
      `C${middle},${b.y + b.height} ${middle},${a.y + a.height} ${x1},${a.y + a.height}Z`;
  }

  function ribbonDown(a, b) {
    const [y1, y2] = [a.y + a.height + 3, b.y - 3];
    const middle = (y1 + y2) / 2;
    return `M${a.x},${y1}C${a.x},${middle} ${b.x},${middle} ${b.x},${y2}H${b.x + b.width}` +
      `C${b.x + b.width},${middle} ${a.x + a.width},${middle} ${a.x + a.width},${y1}Z`;
  }

  function detour(a, b, track) {
    if (!net.wide) return detourDown(a, b, track);
    const along = net.bottom + 16 + track * TRACK;
    const [x1, x2] = [a.x + a.width + 3, b.x - 3];
    const [y1, y2] = [a.y + a.height - 4, b.y + b.height - 4];
    const [after, before] = [x1 + 26, x2 - 26];
    return `M${x1},${y1}C${x1 + 20},${y1} ${x1 + 6},${along} ${after},${along}` +
      `H${before}C${x2 - 6},${along} ${x2 - 20},${y2} ${x2},${y2}`;
  }

  function detourDown(a, b, track) {
    const along = net.width - 6 - track * TRACK;
    const [x1, x2] = [a.x + a.width + 2, b.x + b.width + 2];
    const [y1, y2] = [a.y + a.height / 2, b.y + b.height / 2];
    return `M${x1},${y1}Q${along},${y1} ${along},${y1 + 14}V${y2 - 14}Q${along},${y2} ${x2},${y2}`;
  }

  // ---- Values: asked for what is in view, painted newest last.

  function showNetwork(view, structure, explained) {
    const box = document.getElementById("network");
    if (!structure && net && view && net.structure.model === view.model) structure = net.structure;
    if (!box || !view || !structure || structure.model !== view.model) return root.no_update;
    const isNew = !net || net.box !== box || net.structure.model !== structure.model;
    if (isNew) build(box, structure);
    if (isNew || net.explained !== Boolean(explained)) {
      net.explained = Boolean(explained);
      arrange(true);
    }
    net.view = view;
    net.key = keyOf(view);
    fetchShown();
    return root.no_update;
  }

  function keyOf(view) {
    const { channel, source, ...seen } = view;
    return new URLSearchParams(seen).toString();
  }

  function shownLayers() {
    return isOpen() && net.layers[0].block ? net.layers.filter(isNear).map(({ name }) => name) : [];
  }

  function isOpen() {
    return Boolean(net && net.box.isConnected);
  }

  function isNear({ left, top, width, block }) {
    const stage = net.stage.getBoundingClientRect();
    const box = net.box.getBoundingClientRect();
    if (net.wide) {
      const x = stage.left - box.left + left;
      return x + width > -net.width && x < 2 * net.width;
    }
    const y = stage.top + top;
    return y + block.height > -window.innerHeight && y < 2.5 * window.innerHeight;
  }

  async function fetchShown() {
    const { key } = net;
    const wanted = net.layers.filter((layer) =>
      layer.key !== key && layer.wanted !== key && layer.block && isNear(layer));
    if (!wanted.length) return;
    for (const layer of wanted) layer.wanted = key;
    const order = ++net.asked;
    const query = new URLSearchParams(key);
    for (const { name } of wanted) query.append("layer", name);
    const mine = net;
    try {
      const got = await fetch("/values/network?" + query);
      if (net !== mine) return;
      if (got.ok) receive(root.cnn.unpack(await got.arrayBuffer()), key, order);
      else again(wanted, got.status);
    } catch (error) {
      again(wanted, 0);
    }
  }

  function receive({ page, arrays }, key, order) {
    if (net && key === net.key) keep(page, arrays, key, order);
  }

  // What could not be had is asked for again while the server starts or does not answer.
  function again(layers, status) {
    for (const layer of layers) layer.wanted = "";
    if (status === 0 || status === 503) {
      setTimeout(() => isOpen() && fetchShown(), RETRY_MILLISECONDS);
    }
  }

  function paintLive(page, arrays) {
    if (!isOpen()) return;
    net.live = performance.now();
    keep(page, arrays, "live", ++net.asked);
  }

  function keep(page, arrays, key, order) {
    let resized = false;
    for (const one of page.layers) {
      const layer = net.byName.get(one.name);
      if (!layer || order < layer.order) continue;
      const before = aspect(layer);
      layer.data = { ...one, tiles: arrays[one.tiles], peaks: arrays[one.peaks].values };
      Object.assign(layer, { key, order, wanted: "" });
      resized = resized || aspect(layer) !== before;
      if (layer.form !== "classes" && layer.block && !resized) paint(layer);
    }
    const last = net.layers[net.layers.length - 1];
    if (last.rows && order >= (last.probed || 0)) {
      Object.assign(last, { probed: order, probabilities: arrays[page.probabilities].values });
      Object.assign(last, { key, wanted: "" });
      paintClasses(last);
    }
    if (resized) arrange(true);
    legend(page.scale);
    say();
  }

  function paint(layer) {
    if (layer.rows) return layer.probabilities && paintClasses(layer);
    if (!layer.data || !layer.block) return undefined;
    const { tiles: { values, shape: [count, height, width] }, signed } = layer.data;
    fillAtlas(layer.atlas, values, width, count * height, net.tables[signed ? "diverging" : "sequential"]);
    const dots = window.devicePixelRatio || 1;
    const context = layer.face.getContext("2d");
    context.setTransform(dots, 0, 0, dots, 0, 0);
    const { tileWidth, tileHeight, columns, gap } = layer.grid;
    context.imageSmoothingEnabled = width > tileWidth * dots;
    context.imageSmoothingQuality = "medium";
    context.clearRect(0, 0, layer.block.width, layer.block.height);
    for (let i = 0; i < count; i++) {
      const x = (i % columns) * (tileWidth + gap);
      const y = Math.floor(i / columns) * (tileHeight + gap);
      context.drawImage(layer.atlas, 0, i * height, width, height, x, y, tileWidth, tileHeight);
      if (tileHeight > 6) outline(context, x, y, tileWidth, tileHeight);
    }
    return undefined;
  }

  function outline(context, x, y, width, height) {
    context.strokeStyle = "rgba(128,134,145,0.55)";
    context.lineWidth = 1;
    context.strokeRect(x + 0.5, y + 0.5, width - 1, height - 1);
  }

  function fillAtlas(atlas, values, width, height, table) {
    if (atlas.width !== width || atlas.height !== height) Object.assign(atlas, { width, height });
    const picture = new ImageData(width, height);
    const dots = new Uint32Array(picture.data.buffer);
    for (let i = 0; i < dots.length; i++) dots[i] = table[values[i]];
    atlas.getContext("2d").putImageData(picture, 0, 0);
  }

  function paintClasses(layer) {
    const { probabilities } = layer;
    const order = [...probabilities.keys()];
    const best = order.reduce((a, b) => (probabilities[b] > probabilities[a] ? b : a), 0);
    if (layer.rows.length < order.length) order.sort((a, b) => probabilities[b] - probabilities[a]);
    layer.rows.forEach((one, at) => {
      const index = order[at];
      const share = probabilities[index];
      if (one.index !== index) {
        one.index = index;
        one.row.dataset.index = index;
        one.name.textContent = net.structure.classes[index];
        one.row.title = net.structure.classes[index];
      }
      one.share.textContent = percent(share);
      one.fill.style.transform = `scaleX(${share.toFixed(4)})`;
      one.row.classList.toggle("first", index === best);
    });
    layer.foot.textContent = layer.rows.length < order.length
      ? `+${(order.length - layer.rows.length).toLocaleString("en")}` : "";
  }

  function percent(share) {
    if (share > 0 && share < 0.0005) return "<0.1%";
    if (share >= 0.9995 && share < 1) return ">99.9%";
    return (100 * share).toFixed(1) + "%";
  }

  function legend(scale) {
    const place = document.getElementById("network-legend");
    if (!place) return;
    const signed = net.layers.some(({ data }) => data && data.signed);
    const wanted = scale + signed;
    if (place.dataset.shown === wanted) return;
    place.dataset.shown = wanted;
    const most = `largest of the ${scale}`;
    const parts = [bar(net.structure.sequential, ["0", most])];
    if (signed) parts.push(bar(net.structure.diverging, ["−", "0", "+"]));
    place.replaceChildren(...parts);
  }

  function bar(digits, labels) {
    const box = element("span", "net-scale");
    const stops = Array.from({ length: 9 }, (_, i) => {
      const at = 6 * Math.round((i * (digits.length / 6 - 1)) / 8);
      return "#" + digits.slice(at, at + 6);
    });
    const strip = element("span", "net-scale-strip");
    strip.style.background = `linear-gradient(to right, ${stops.join(",")})`;
    const [low, ...others] = labels;
    if (others.length > 1) strip.textContent = others.shift();
    box.append(low, strip, others[0]);
    return box;
  }

  // ---- Pointing: what feeds the channel, and what it feeds.

  let pointed = null;
  let joined = [];

  function point(layer, i) {
    if (pointed && pointed.layer === layer && pointed.i === i) return;
    pointed = layer ? { layer, i } : null;
    highlight();
  }

  function highlight() {
    if (!net) return;
    if (pointed && !net.layers.includes(pointed.layer)) pointed = null;
    joined = pointed ? connectionsOf(pointed.layer, pointed.i) : [];
    mark(joined);
    net.links.innerHTML = pointed ? drawn(joined) : "";
    say();
  }

  // The connections of one channel, to both sides, as far as they are known by now.
  function connectionsOf(layer, i) {
    const into = (known(layer) || []).map((one) => side(layer, one, i, true));
    const outOf = layer.targets.flatMap((target) =>
      (known(target) || [])
        .filter((one) => one.source === layer.name)
        .map((one) => side(target, one, i, false)));
    return [...into, ...outOf];
  }

  function side(target, one, i, isSource) {
    const [inputs, outputs] = one.strengths.shape;
    const { values } = one.strengths;
    const amounts = isSource
      ? Array.from({ length: inputs }, (_, row) => values[row * outputs + i])
      : Array.from({ length: outputs }, (_, column) => values[i * outputs + column]);
    const layer = isSource ? net.byName.get(one.source) : target;
    const [count, top] = (isSource ? one.feeding : one.fed)[i];
    return { layer, isSource, amounts, count, top, kind: one.kind, most: one.most, target };
  }

  function known(layer) {
    const address = `/connections/${net.structure.model}/${encodeURIComponent(layer.name)}`;
    if (!strengths.has(address)) {
      strengths.set(address, null);
      load(address);
    }
    return strengths.get(address);
  }

  async function load(address) {
    try {
      const got = await fetch(address);
      if (!got.ok) throw new Error(got.statusText);
      const { inputs, arrays } = root.cnn.unpack(await got.arrayBuffer());
      for (const one of inputs) {
        one.strengths = arrays[one.strengths];
        one.most = one.strengths.values.reduce((most, x) => (Math.abs(x) > most ? Math.abs(x) : most), 0);
      }
      strengths.set(address, inputs);
      highlight();
    } catch (error) {
      strengths.delete(address);
    }
  }

  function mark(found) {
    const lit = new Set(found.map((one) => one.layer));
    if (pointed) lit.add(pointed.layer);
    net.stage.classList.toggle("pointing", Boolean(pointed));
    document.getElementById("network-status").classList.toggle("telling", Boolean(pointed));
    for (const layer of net.layers) layer.section.classList.toggle("joined", lit.has(layer));
    for (const path of net.edges.children) {
      const { from, to } = path.dataset;
      const name = pointed && pointed.layer.name;
      path.classList.toggle("joined", from === name || to === name);
    }
  }

  function drawn(found) {
    const own = tileBox(pointed.layer, pointed.i);
    if (!own) return "";
    const parts = found.map((one) => bundle(one, own));
    const veils = pointed.layer.shown.map((_, i) =>
      i === pointed.i ? "" : veil(tileBox(pointed.layer, i), 0.4));
    return veils.join("") + parts.map((p) => p.veils).join("") + parts.map((p) => p.lines).join("") +
      frame(own, "net-own") + parts.map((p) => p.labels).join("");
  }

  function bundle({ layer, isSource, amounts, kind, most }, own) {
    const all = { veils: "", lines: "", labels: "" };
    const strongest = kind === "channel" ? [] : strongestShown(layer, amounts);
    amounts.forEach((amount, i) => {
      const box = tileBox(layer, i);
      if (!box) return;
      const share = Number.isNaN(amount) ? 0 : kind === "channel" ? 1 : Math.abs(amount) / (most || 1);
      all.veils += veil(box, 0.5 * (1 - share));
      if (!share) return;
      const [from, to] = isSource ? [box, own] : [own, box];
      const colour = kind === "weight" ? (amount < 0 ? "minus" : "plus") : "norm";
      const wide = (0.7 + 3 * share ** 1.5).toFixed(2);
      const clear = (0.15 + 0.8 * share ** 1.5).toFixed(2);
      all.lines += `<path class="net-link ${colour}" d="${thread(from, to)}" stroke-width="${wide}" opacity="${clear}"/>`;
      if (kind === "channel") all.labels += frame(box, "net-joined");
      if (strongest.includes(i)) all.labels += frame(box, "net-joined") + label(box, amount, isSource);
    });
    return all;
  }

  function strongestShown(layer, amounts) {
    const size = (i) => Math.abs(amounts[i]) || 0;
    const order = [...amounts.keys()].filter((i) => size(i) && tileBox(layer, i));
    return order.sort((a, b) => size(b) - size(a)).slice(0, 3);
  }

  function veil(box, opacity) {
    if (!box || opacity < 0.04) return "";
    const { x, y, width, height } = box;
    return `<rect class="net-veil" x="${x}" y="${y}" width="${width}" height="${height}" opacity="${opacity.toFixed(2)}"/>`;
  }

  function frame({ x, y, width, height }, kind) {
    return `<rect class="${kind}" x="${x - 1}" y="${y - 1}" width="${width + 2}" height="${height + 2}" rx="2"/>`;
  }

  function thread(a, b) {
    if (net.wide) {
      const [x1, y1, x2, y2] = [a.x + a.width, a.y + a.height / 2, b.x, b.y + b.height / 2];
      const bend = (x2 - x1) / 2;
      return `M${x1},${y1}C${x1 + bend},${y1} ${x2 - bend},${y2} ${x2},${y2}`;
    }
    const [x1, y1, x2, y2] = [a.x + a.width / 2, a.y + a.height, b.x + b.width / 2, b.y];
    const bend = (y2 - y1) / 2;
    return `M${x1},${y1}C${x1},${y1 + bend} ${x2},${y2 - bend} ${x2},${y2}`;
  }

  function label(box, amount, isSource) {
    const x = net.wide ? (isSource ? box.x + box.width + 5 : box.x - 5) : box.x + box.width / 2;
    const y = net.wide ? box.y + box.height / 2 + 4 : isSource ? box.y + box.height + 12 : box.y - 4;
    const anchor = net.wide ? (isSource ? "start" : "end") : "middle";
    return `<text class="net-number" x="${x}" y="${y}" text-anchor="${anchor}">${number(amount)}</text>`;
  }

  function number(value) {
    return String(Number(value.toPrecision(3))).replace("-", "−");
  }

  // ---- The same in words.

  function say() {
    const place = document.getElementById("network-status");
    if (!place) return;
    const text = pointed ? inWords(joined) : atRest();
    if (place.textContent !== text) place.textContent = text;
  }

  function atRest() {
    const reduced = net.layers.some(({ data }) =>
      data && (data.tiles.shape[1] < data.size[0] || data.tiles.shape[2] < data.size[1]));
    return "A line is a connection: the stronger, the thicker. Its number is the norm of the kernel " +
      "that leads from channel to channel, or the weight from unit to unit." +
      (reduced ? " Maps of more than 32 cells on a side are shown as means of blocks." : "");
  }

  function inWords(found) {
    const { layer, i } = pointed;
    const told = [`${called(layer, i)}: ${valueOf(layer, i)}.`];
    const real = found.filter(({ kind, count }) => count || kind === "unknown");
    const [fed, feeds] = [true, false].map((way) => real.filter((one) => one.isSource === way));
    const parts = (all, by) => [...new Set(all.map((one) => part(one, by)))].join("; ");
    if (fed.length) told.push(`Fed ${parts(fed, "by")}.`);
    if (feeds.length) told.push(`Feeds ${parts(feeds, "")}.`);
    return told.join(" ");
  }

  function called(layer, i) {
    if (layer.form === "classes") return `${layer.title} class ${net.structure.classes[i]}`;
    return `${layer.name} ${layer.form === "units" ? "unit" : "channel"} ${layer.shown[i]}`;
  }

  function valueOf(layer, i) {
    if (layer.form === "classes") {
      return layer.probabilities ? "probability " + percent(layer.probabilities[i]) : "no value yet";
    }
    if (!layer.data) return "no value yet";
    const value = layer.data.peaks[i];
    if (value === 0 && layer.form !== "units") return "silent here (zero everywhere)";
    return (layer.form === "units" ? "value " : "strongest value ") + number(value) + " here";
  }

  function part({ layer, kind, count, top }, by) {
    const name = layer.title;
    if (kind === "unknown") return `${by} ${name} in a way that is not known channel by channel`.trim();
    const word = layer.form === "maps" ? "channel" : layer.form === "classes" ? "class" : "unit";
    const named = top.map(([channel, amount]) => {
      const shown = layer.form === "classes" ? net.structure.classes[channel] : channel;
      return kind === "channel" ? shown : `${shown} (${number(amount)})`;
    });
    const words = count === 1 ? word : word === "class" ? "classes" : word + "s";
    const rest = (count - named.length).toLocaleString("en");
    const more = kind === "channel" && count > named.length ? ` and ${rest} more` : "";
    const most = kind === "channel" || count === 1 ? by : by ? "most by" : "most strongly";
    return `${most} ${name}, ${words} ${named.join(", ")}${more}`.trim();
  }

  // ---- Events.

  function at(event) {
    if (!isOpen() || !event.target.closest) return null;
    const canvas = event.target.closest(".net-tiles");
    if (canvas) {
      const layer = net.layers.find(({ face }) => face === canvas);
      if (!layer) return null;
      const bounds = canvas.getBoundingClientRect();
      const { columns, gap, tileWidth, tileHeight } = layer.grid;
      const column = Math.floor((event.clientX - bounds.left) / (tileWidth + gap));
      const row = Math.floor((event.clientY - bounds.top) / (tileHeight + gap));
      const i = row * columns + column;
      return column >= 0 && column < columns && i >= 0 && i < layer.shown.length ? { layer, i } : null;
    }
    const row = event.target.closest(".net-class");
    if (!row || row.dataset.index === undefined) return null;
    return { layer: net.layers[net.layers.length - 1], i: Number(row.dataset.index) };
  }

  let touched = false;
  let tapped = null;

  function isFocused() {
    return net.stage.contains(document.activeElement);
  }

  let pointer = null;

  document.addEventListener("pointermove", (event) => {
    if (!isOpen() || event.pointerType === "touch") return;
    pointer = { clientX: event.clientX, clientY: event.clientY };
    follow(event);
  });

  function follow(event) {
    const here = at(event);
    if (here) point(here.layer, here.i);
    else if (pointed && (!isFocused() || net.box.contains(event.target))) point(null);
  }

  // Under a pointer that rests, the network may move.
  function followScroll() {
    if (!pointer || touched || isFocused()) return;
    const target = document.elementFromPoint(pointer.clientX, pointer.clientY);
    if (target) follow({ ...pointer, target });
  }

  document.addEventListener("pointerdown", (event) => {
    touched = event.pointerType === "touch";
  });

  document.addEventListener("click", (event) => {
    if (!isOpen() || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const here = at(event);
    if (here) {
      event.preventDefault();
      const again = tapped && tapped.layer === here.layer && tapped.i === here.i;
      tapped = here;
      point(here.layer, here.i);
      if (!touched || again || event.detail === 0) open(here.layer, here.i);
      return;
    }
    tapped = null;
    const link = event.target.closest("#network a");
    if (link) {
      event.preventDefault();
      go(new URL(link.href).pathname + location.search);
    } else if (touched && net.box.contains(event.target)) point(null);
  });

  document.addEventListener("keydown", (event) => {
    if (!isOpen()) return;
    const canvas = event.target.closest && event.target.closest(".net-tiles");
    const layer = canvas && net.layers.find(({ face }) => face === canvas);
    if (!layer) return;
    const here = pointed && pointed.layer === layer ? pointed.i : 0;
    const { columns } = layer.grid;
    const last = layer.shown.length - 1;
    const steps = {
      ArrowRight: here + 1, ArrowLeft: here - 1, ArrowDown: here + columns, ArrowUp: here - columns,
      Home: 0, End: last,
    };
    if (event.key in steps) {
      event.preventDefault();
      if (steps[event.key] >= 0 && steps[event.key] <= last) point(layer, steps[event.key]);
    } else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      open(layer, here);
    } else if (event.key === "Escape") point(null);
  });

  document.addEventListener("focusin", (event) => {
    if (!isOpen() || !event.target.matches || touched) return;
    if (!event.target.matches(".net-tiles:focus-visible, .net-class:focus-visible")) return;
    const layer = net.layers.find(({ section }) => section.contains(event.target));
    const i = layer.rows ? Number(event.target.dataset.index || 0) : 0;
    if (!pointed || pointed.layer !== layer || layer.rows) point(layer, i);
  });

  document.addEventListener("focusout", (event) => {
    if (isOpen() && net.stage.contains(event.target)) point(null);
  });

  let waits = false;
  document.addEventListener("scroll", () => {
    if (waits || !isOpen()) return;
    waits = true;
    requestAnimationFrame(() => {
      waits = false;
      if (!isOpen()) return;
      hintAtMore();
      followScroll();
      if (net.key && performance.now() - net.live > LIVE_MILLISECONDS) fetchShown();
    });
  }, { capture: true, passive: true });

  window.addEventListener("resize", () => isOpen() && arrange(false));

  // This page gets the channel too: the way back then changes the page, and not the view with it.
  function open(layer, i) {
    const query = "?" + new URLSearchParams({ ...net.view, channel: String(layer.shown[i]) });
    history.replaceState(null, "", location.pathname + query);
    go(layer.href + query);
  }

  // As a link of Dash does it: the page changes without being loaded again.
  function go(address) {
    point(null);
    history.pushState({}, "", address);
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
    window.scrollTo(0, 0);
  }

  root.cnn = { ...root.cnn, showNetwork, shownLayers,
    painters: { ...root.cnn.painters, network: paintLive } };
})();
