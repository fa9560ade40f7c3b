// Figures in their place: in a presentation their texts and margins grow with the type of the page, and
// a finger that moves over one scrolls the page, but where it is enlarged.
(function () {
  const root = window.dash_clientside;
  const PLAIN_PIXELS = 16;
  const SMALLEST_REM = 0.72;
  const GROWING = ["l", "r", "t", "b", "pad", "standoff", "ypad", "thickness", "yshift"];

  const { plotly } = root.cnn;

  plotly.drawAs((plot, figure) => {
    const rem = typeSize();
    Object.assign(plot, { given: figure, rem, width: plot.clientWidth });
    const isTouched = matchMedia("(pointer: coarse)").matches;
    const dragmode = isTouched ? plot.enlarged && "pan" : figure.layout.dragmode;
    const layout = { ...figure.layout, ...ownAxes(figure.layout), dragmode };
    const data = [...figure.data, ...finer(plot, figure)].map(placed).map((trace) => ticked(trace, plot, layout));
    const drawn = { ...figure, layout, data };
    if (rem === PLAIN_PIXELS) return drawn;
    return { ...drawn, ...enlarged({ data: drawn.data, layout }, rem) };
  });

  // What is enlarged is written into the axes that are drawn: the figure keeps those that it came with.
  function ownAxes({ xaxis, yaxis }) {
    return { xaxis: { ...xaxis }, yaxis: { ...yaxis } };
  }

  // What the hover says of each cell of a mosaic follows from how it is tiled: the server does not send it.
  const places = new WeakMap();

  function placed(trace) {
    const tiles = trace.meta && trace.meta.tiles;
    if (!tiles || trace.customdata) return trace;
    if (!places.has(tiles)) places.set(tiles, placesOf(tiles, trace.meta.part || wholeOf(tiles)));
    return { ...trace, customdata: places.get(tiles) };
  }

  function wholeOf({ count, height, width, columns, high, wide }) {
    const rows = (Math.ceil(count / columns) - 1) * high + height;
    return { top: 0, left: 0, rows, columns: (columns - 1) * wide + width };
  }

  // (channel, row, column) of each cell of a part, of a block the first; of a volume the row in its slice, and the
  // slice; of units in rows the number.
  function placesOf({ columns, high, wide, block, slice_rows: each, units_across: units }, part) {
    const rows = Array.from({ length: part.rows }, (_, i) => part.top + i);
    const across = Array.from({ length: part.columns }, (_, i) => part.left + i);
    return rows.map((y) => across.map((x) => {
      const [channel, row] = [columns * Math.floor(y / high) + Math.floor(x / wide), block * (y % high)];
      const column = block * (x % wide);
      if (units) return [row * units + column];
      return each ? [channel, row % each, column, Math.floor(row / each)] : [channel, row, column];
    }));
  }

  // The trace that lies over a reduced figure where it is enlarged, while it is of the same numbers.
  function finer({ enlarged }, { data }) {
    return enlarged && enlarged.of === data && enlarged.numbers
      ? [{ ...data[0], ...enlarged.numbers, showscale: false }]
      : [];
  }

  // The numbers of a colour bar are as many as its width has room for, where the figure does not say others.
  // Its title stands in the second line below it: Plotly would put it between the numbers where it fits.
  function ticked(trace, { width, rem }, { margin }) {
    const { colorbar: bar, zmin: low, zmax: high } = trace;
    if (!bar || bar.tickmode || bar.tickformat.endsWith("%")) return trace;
    const factor = rem / PLAIN_PIXELS;
    const size = Math.max(factor * bar.tickfont.size, factor === 1 ? 0 : SMALLEST_REM * rem);
    const ticks = root.cnn.barTicks([low, high], width - factor * (margin.l + margin.r), size);
    const [tickvals, ticktext] = ["value", "text"].map((part) => ticks.map((tick) => tick[part]));
    const title = { ...bar.title, text: `<br>${bar.title.text}` };
    return { ...trace, colorbar: { ...bar, title, tickmode: "array", tickvals, ticktext } };
  }

  // A figure that has got another width has room for other numbers.
  plotly.atFirstDrawing((plot) => plotly.afterDrawing(plot, () => {
    const hasBar = plot.given && plot.given.data.some(({ colorbar }) => colorbar);
    if (hasBar && plot.width !== plot.clientWidth) plotly.draw(plot, plot.given);
  }));

  // The tiles under a point of a plot, and where it is among their cells.
  function tilesAt(plot, { x, y }) {
    const [{ meta: { tiles } }, over] = plot.data;
    if (!over) return { tiles, point: { x, y } };
    const { part, times, tiles: small } = over.meta;
    const point = { x: (x + 0.5) * times - 0.5, y: (y + 0.5) * times - 0.5 };
    const isWithin = (at, first, count) => at >= first - 0.5 && at < first + count - 0.5;
    return isWithin(point.x, part.left, part.columns) && isWithin(point.y, part.top, part.rows)
      ? { tiles: small, point }
      : { tiles, point: { x, y } };
  }

  function typeSize() {
    return parseFloat(getComputedStyle(document.documentElement).fontSize);
  }

  // The type of a presentation grows with the window, and what is drawn grows with it.
  window.addEventListener("resize", () => {
    const rem = typeSize();
    for (const plot of plotly.allPlots()) {
      if (plot.given && plot.rem !== rem) plotly.draw(plot, plot.given);
    }
  });

  // Sizes of texts and the room around them; the numbers that are shown stay the same objects.
  function enlarged(part, rem, name = "") {
    if (Array.isArray(part)) return typeof part[0] === "object" ? part.map((one) => enlarged(one, rem)) : part;
    if (!part || typeof part !== "object" || ArrayBuffer.isView(part)) return part;
    return Object.fromEntries(Object.entries(part).map(([key, value]) => [key, grownValue(key, value, rem, name)]));
  }

  function grownValue(key, value, rem, name) {
    const factor = rem / PLAIN_PIXELS;
    if (typeof value !== "number") return enlarged(value, rem, key);
    if (key === "size" && /font$/.test(name)) return Math.max(value * factor, SMALLEST_REM * rem);
    return GROWING.includes(key) ? value * factor : value;
  }

  function present(view) {
    if (!view) return;
    const on = view.present === "1";
    const page = document.documentElement;
    document.getElementById("present").setAttribute("aria-pressed", String(on));
    if (page.classList.contains("presenting") === on) return;
    page.classList.toggle("presenting", on);
    window.dispatchEvent(new Event("resize"));
  }

  document.addEventListener("click", (event) => {
    if (!event.target.closest("#present")) return;
    const view = root.cnn.currentView();
    if (view) root.cnn.changeView({ present: view.present === "1" ? null : 1 });
  });

  root.cnn = { ...root.cnn, tilesAt, wholeOf, present };
})();
