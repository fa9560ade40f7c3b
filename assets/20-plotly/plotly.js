// What plotly.js does not document, all in one place: the names of its elements, and where it keeps what
// it has computed. `tests/dashboard/test_plotly.py` names the version on which it was checked.
(function () {
  const root = window.dash_clientside;
  const PLOT = "js-plotly-plot";

  let library;
  let prepare = (plot, figure) => figure;

  // The library comes when the first figure is there.
  Object.defineProperty(window, "Plotly", {
    configurable: true,
    get: () => library,
    set(given) {
      const { react } = given;
      library = Object.assign(given, { react: (plot, figure) => react(plot, prepare(plot, figure)) });
    },
  });

  // What `prepared` returns of a plot and its figure is drawn.
  function drawAs(prepared) {
    prepare = prepared;
  }

  function draw(plot, figure) {
    return library.react(plot, figure);
  }

  function afterDrawing(plot, act) {
    plot.on("plotly_afterplot", act);
  }

  // A plot gets its class when it is drawn first.
  function atFirstDrawing(act) {
    const known = new WeakSet();
    new MutationObserver((changes) => {
      for (const { target } of changes) {
        if (!target.classList.contains(PLOT) || !target.on || known.has(target)) continue;
        known.add(target);
        muteForDash(target);
        act(target);
      }
    }).observe(document, { subtree: true, attributes: true, attributeFilter: ["class"] });
  }

  // Dash would be told of every cell under the pointer, and look at all of its components each time; and
  // of what is enlarged, and draw the figure once more, with ranges that the next one does not have. No
  // callback asks for either.
  function muteForDash(plot) {
    const { on } = plot;
    plot.on = (event, act) => (/^plotly_((un)?hover|relayout)$/.test(event) ? plot : on.call(plot, event, act));
  }

  function allPlots() {
    return document.querySelectorAll("." + PLOT);
  }

  // The plot in a box; nothing before it shows data.
  function plotIn(box) {
    const plot = box.querySelector("." + PLOT);
    return plot && plot.data && plot.data.length ? plot : null;
  }

  // The plot that an element is a part of.
  function plotOf(element) {
    return element.closest ? element.closest("." + PLOT) : null;
  }

  // What the server has told of a plot: of which layer it is, and how its cells stand in it.
  function aboutOf(plot) {
    return (plot.data && plot.data[0] && plot.data[0].meta) || {};
  }

  // Where a point of the window is on the axes of a plot, counted in cells or bars; nothing beside them.
  function pointIn(plot, { clientX, clientY }) {
    const { left, top } = plot.getBoundingClientRect();
    const { xaxis, yaxis } = plot._fullLayout;
    const [x, y] = [clientX - left - xaxis._offset, clientY - top - yaxis._offset];
    const isInside = x >= 0 && y >= 0 && x <= xaxis._length && y <= yaxis._length;
    return isInside ? { x: xaxis.p2l(x), y: yaxis.p2l(y) } : null;
  }

  // The numbers of a heatmap, row by row; nothing before it shows any.
  function numbersOf(plot) {
    return plotIn(plot.parentElement) ? plot.calcdata[0][0].z : null;
  }

  // Where the middle of the first cell of a heatmap is on its axes, and how far the next one.
  function gridOf({ _fullData: [{ x0 = 0, dx = 1, y0 = 0, dy = 1 }] }) {
    return { x: { first: x0, step: dx }, y: { first: y0, step: dy } };
  }

  // The part of a plot between its axes, in CSS pixels from its corner, and what they show of numbers.
  function areaOf({ _fullLayout: { xaxis, yaxis } }) {
    const ends = ({ p2l, _length: length }) => [p2l(0), p2l(length)];
    return {
      left: xaxis._offset, top: yaxis._offset, width: xaxis._length, height: yaxis._length,
      across: ends(xaxis), down: ends(yaxis),
    };
  }

  // Whether a part of a heatmap is chosen, whose axes else show all of it.
  function isEnlarged({ _fullLayout: { xaxis, yaxis } }) {
    return !xaxis.autorange || !yaxis.autorange;
  }

  const elementOf = (selector) => (plot) => plot.querySelector(selector);

  // Sizes in CSS pixels from the corner of the plot, colours, and fonts, as they were drawn last.
  function geometryOf({ _fullLayout, _fullData: [trace] }) {
    const { width, height, font, bargap: gap, xaxis, yaxis } = _fullLayout;
    const isBars = trace.type === "bar";
    const { color } = isBars ? trace.marker : trace.line;
    return { width, height, font, isBars, gap, colour: color, x: axis(xaxis), y: axis(yaxis) };
  }

  const axesOf = ({ _fullLayout: { xaxis, yaxis } }) => ({ x: axis(xaxis), y: axis(yaxis) });

  // An axis has a range where its numbers do not decide it.
  function axis(drawn) {
    return {
      start: drawn._offset,
      length: drawn._length,
      range: drawn.autorange ? null : drawn.range,
      isPercent: (drawn.tickformat || "").endsWith("%"),
      place: (value) => drawn._offset + drawn.l2p(value),
    };
  }

  // What is written into the cells of a plot, each with its value, how large a cell is in CSS pixels, and the
  // colours of the values.
  function writtenIn(plot) {
    const { xaxis, yaxis } = plot._fullLayout;
    const texts = [...plot.querySelectorAll(".heatmap-label text")];
    const numbers = texts.map((text) => ({ text, value: text.__data__.z }));
    const side = (axis) => Math.abs(axis.l2p(1) - axis.l2p(0));
    if (!numbers.length) return { numbers };
    const { zmin: low, zmax: high, colorscale } = plot._fullData[0];
    return { numbers, width: side(xaxis), height: side(yaxis), colours: { low, high, colorscale } };
  }

  function scaleFontOf({ _fullData: [trace] }) {
    return trace.colorbar.tickfont;
  }

  root.cnn = { ...root.cnn, plotly: {
    drawAs, draw, afterDrawing, atFirstDrawing, allPlots, plotIn, plotOf, aboutOf, numbersOf, pointIn, areaOf,
    gridOf,    isEnlarged, geometryOf, axesOf, scaleFontOf, writtenIn,
    titleOf: elementOf(".gtitle"),
    toolbarOf: elementOf(".modebar"),
    cellsOf: elementOf(".hm image"),
    scaleOf: elementOf(".cbfills rect"),
    scaleTitleOf: elementOf(".cbtitle text:not(:has(tspan)), .cbtitle tspan:last-child"),
  } };
})();
