// Painting over figures, in their geometry and colours, until they show the same: Plotly takes a tenth
// of a second to draw one.
(function () {
  const root = window.dash_clientside;

  const MOVING_MILLISECONDS = 400;
  let settling = 0;

  function paintText(id, text) {
    const place = document.getElementById(id);
    if (place && place.textContent !== text) place.textContent = text;
  }

  // The picture of the panel: at once on a canvas over it, and at rest in itself.
  function paintPanel(panel) {
    if (!panel) return;
    const image = /** @type {HTMLImageElement} */ (document.getElementById("picture"));
    if (panel.seen) paintOver(image, panel.seen, panel.moving);
    else {
      clearTimeout(settling);
      image.src = panel.src;
    }
    image.alt = panel.alt;
    [image.dataset.height, image.dataset.width] = panel.size;
    paintText("picture-text", panel.text);
    root.cnn.paintPrediction(panel.prediction);
    root.cnn.paintSurgery(panel.surgery);
    root.cnn.paintScale(panel.scale);
    root.cnn.paintSums(panel.sums);
    root.cnn.paintInputs(panel.inputs || []);
  }

  function paintOver(image, seen, moving) {
    let canvas = image.parentNode.querySelector("canvas.sample");
    if (!canvas) {
      canvas = document.createElement("canvas");
      canvas.className = "sample";
      image.after(canvas);
      image.addEventListener("load", () => (canvas.hidden = true));
    }
    paintPixels(canvas, seen);
    canvas.hidden = false;
    clearTimeout(settling);
    settling = setTimeout(() => (image.src = canvas.toDataURL()), moving ? MOVING_MILLISECONDS : 0);
  }

  function paintPixels(canvas, { values, shape }) {
    const [height, width, channels] = shape;
    const pixels = pixelsOf(canvas, width, height);
    for (let i = 0; i < width * height; i++) {
      for (let c = 0; c < 3; c++) pixels.data[4 * i + c] = values[channels * i + (c % channels)];
      pixels.data[4 * i + 3] = 255;
    }
    canvas.getContext("2d").putImageData(pixels, 0, 0);
  }

  // The pixels of a canvas in the size that it gets: the same array at every move, for thrown away ones
  // are collected between the frames of a drawing.
  function pixelsOf(canvas, width, height) {
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    if (canvas.pixels?.width !== width || canvas.pixels.height !== height) {
      canvas.pixels = new ImageData(width, height);
    }
    return canvas.pixels;
  }

  function plotAt(place) {
    const box = document.getElementById(place);
    return box && root.cnn.plotly.plotIn(box);
  }

  function paintChart(place, { painted, traces, layout }, arrays) {
    const plot = plotAt(place);
    if (!plot || !painted) return;
    const [trace] = traces;
    const { titleOf, scaleTitleOf } = root.cnn.plotly;
    cover(plot, () => {
      if (painted === "cells") {
        paintCells(plot, trace, arrays[trace.z.array]);
        if (layout.shapes) root.cnn.paintFrames(plot, overlay(plot, "frames"), layout.shapes);
      } else root.cnn.paintBars(plot, overlay(plot), arrays[trace.y.array].values);
    });
    retitle(titleOf(plot), layout["title.text"], () => root.cnn.fitTitle(plot));
    if (painted === "cells") retitle(scaleTitleOf(plot), trace["colorbar.title.text"]);
  }

  function retitle(place, text, after) {
    const plain = root.cnn.plain(text || "");
    if (!place || (place.dataset.whole || place.textContent) === plain) return;
    place.textContent = plain;
    if (after) after();
  }

  function paintCells(plot, { zmin, zmax, colorscale }, { values, shape }) {
    if (!root.cnn.plotly.cellsOf(plot)) return;
    const [height, width] = shape;
    const canvas = overlay(plot);
    if (!canvas.isPlaced) place(canvas, plot, shape);
    const pixels = pixelsOf(canvas, width, height);
    const range = { low: zmin, high: zmax };
    root.cnn.fillColours(values, { ...range, stops: root.cnn.colourStops(colorscale) }, pixels.data);
    canvas.getContext("2d").putImageData(pixels, 0, 0);
    root.cnn.paintBarNumbers(plot, overlay(plot, "numbers"), range);
  }

  // What is painted over a plot hides it until the plot draws the data `until`, or none: then its figure is
  // another. A plot that draws others, for its box has another size, is painted over anew.
  function cover(plot, paintIt) {
    const isKnown = plot.covered !== undefined;
    plot.covered = { until: null, paintIt };
    paintIt();
    if (!isKnown) root.cnn.plotly.afterDrawing(plot, () => drawnAgain(plot));
  }

  function uncoverAt(place, data) {
    const plot = plotAt(place);
    if (!plot || !plot.covered) return;
    plot.covered.until = data;
    if (plot.given.data === data) drawnAgain(plot);
  }

  function drawnAgain(plot) {
    for (const canvas of canvases(plot)) canvas.isPlaced = false;
    root.cnn.measureBar(plot);
    if (!plot.covered) return;
    const { data } = plot.given;
    if (data.length && data !== plot.covered.until) {
      plot.covered.paintIt();
    } else {
      plot.classList.remove("painted-over");
      plot.covered = null;
    }
  }

  function canvases(plot, part = "live") {
    return plot.querySelectorAll(`:scope > canvas.live.${part}`);
  }

  function overlay(plot, part = "values") {
    plot.classList.add("painted-over");
    const [known] = canvases(plot, part);
    if (known) return known;
    const canvas = document.createElement("canvas");
    canvas.classList.add("live", part);
    plot.append(canvas);
    return canvas;
  }

  // Cells that are not between the axes, for a part of the figure is enlarged, are cut off.
  function place(canvas, plot, [rows, columns]) {
    const { left, top, width, height, across, down } = root.cnn.plotly.areaOf(plot);
    const grid = root.cnn.plotly.gridOf(plot);
    const [x, y] = [within(across, grid.x, columns, width), within(down, grid.y, rows, height)];
    Object.assign(canvas.style, {
      left: `${left + x.start}px`, top: `${top + y.start}px`, width: `${x.length}px`, height: `${y.length}px`,
      clipPath: `inset(${y.before}px ${x.behind}px ${y.behind}px ${x.before}px)`,
    });
    canvas.isPlaced = true;
  }

  // Where the cells of a grid lie on an axis from one number to another, and what is before and behind it.
  function within([from, to], { first, step }, count, length) {
    const pixels = length / (to - from);
    const [start, end] = [-0.5, count - 0.5].map((cell) => (first + cell * step - from) * pixels);
    return { start, length: end - start, before: Math.max(0, -start), behind: Math.max(0, end - length) };
  }

  root.cnn = { ...root.cnn, paintText, paintPanel, paintPixels, pixelsOf, paintChart, uncoverAt };
})();
