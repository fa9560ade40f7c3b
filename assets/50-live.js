// What is painted while a pen or a slider moves: the values of one binary answer at a time, over the
// figures and in their geometry. At rest the figures receive the same values, and the paint goes.
(function () {
  const root = (window.dash_clientside = window.dash_clientside || {});

  // What is asked for is numbered. An answer is shown in the next frame, unless a newer one comes before
  // it; answers to what was asked before the last stop are not shown.
  const asked = new Map();
  let newest = 0;
  let arrived = null;
  let post = null;

  // `make` gives { address, body }; `done` gets the values after they are painted.
  async function live(make, done) {
    const number = ++newest;
    asked.set(number, done);
    tellBusy();
    const request = await make();
    if (!asked.has(number)) return;
    post = post || root.cnn.messenger(heard);
    post({ number, ...request });
  }

  function stopLive() {
    asked.clear();
    arrived = null;
    tellBusy();
  }

  function heard({ number, values, refusal }) {
    if (refusal) tell(refusal);
    if (!(values || refusal) || !asked.has(number)) return;
    const isScheduled = Boolean(arrived);
    if (values) arrived = { values, done: asked.get(number) };
    for (const old of [...asked.keys()].filter((one) => one <= number)) asked.delete(old);
    tellBusy();
    if (isScheduled || !arrived) return;
    if (document.hidden) show();
    else requestAnimationFrame(show);
  }

  function show() {
    if (!arrived) return;
    const { values, done } = arrived;
    arrived = null;
    paint(values);
    if (done) done(values);
    tellBusy();
  }

  // A screen reader waits with the prediction while it still changes.
  function tellBusy() {
    const prediction = document.getElementById("prediction");
    const busy = String(asked.size > 0 || arrived !== null);
    if (prediction.getAttribute("aria-busy") !== busy) prediction.setAttribute("aria-busy", busy);
  }

  // Where the values of the open page are, for the view with some changes.
  function valuesAddress(changes, extra = []) {
    const view = root.cnn.changed(root.cnn.currentView(), changes);
    const query = new URLSearchParams([...Object.entries(view), ...extra]);
    const names = root.cnn.shownLayers ? root.cnn.shownLayers() : [];
    names.forEach((name) => query.append("layer", name));
    const pointed = root.cnn.network.pointedPart();
    if (pointed) query.append("pointed", pointed);
    return root.cnn.valuesPath(location.pathname) + "?" + query;
  }

  function tell(sentence) {
    root.set_props("notice", { children: sentence, is_open: true });
  }

  function paint(values) {
    isSettled = false;
    paintOver(document.getElementById("picture"), values.arrays[values.seen]);
    paintText("picture-text", values.told);
    root.cnn.paintPrediction(values.prediction);
    if (!values.page) return;
    const open = location.pathname.split("/")[1] || "network";
    (root.cnn.painters[open] || paintFigures)(values.page, values.arrays, values);
  }

  // Dash does not write again what it believes to be there. So it is told what was painted, once the
  // view is another: then its next answer is written, whatever it is.
  const painted = new Set();
  let isSettled = true;

  function paintText(id, text) {
    const place = document.getElementById(id);
    if (!place) return;
    place.textContent = text;
    painted.add(id);
  }

  function settle() {
    for (const id of painted) {
      const place = document.getElementById(id);
      const component = id.startsWith("{") ? JSON.parse(id) : id;
      if (place) root.set_props(component, { children: place.textContent });
    }
    painted.clear();
    isSettled = true;
    const canvas = document.querySelector("canvas.sample:not([hidden])");
    if (canvas) root.set_props("picture", { src: canvas.toDataURL() });
  }

  // Over the picture of the panel, until that shows the same.
  function paintOver(image, seen) {
    let canvas = image.parentNode.querySelector("canvas.sample");
    if (!canvas) {
      canvas = document.createElement("canvas");
      canvas.className = "sample";
      image.after(canvas);
      image.addEventListener("load", () => (canvas.hidden = true));
    }
    paintPixels(canvas, seen);
    canvas.hidden = false;
  }

  function paintPixels(canvas, { values, shape }) {
    const [height, width, channels] = shape;
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const pixels = new ImageData(width, height);
    for (let i = 0; i < width * height; i++) {
      for (let c = 0; c < 3; c++) pixels.data[4 * i + c] = values[channels * i + (c % channels)];
      pixels.data[4 * i + 3] = 255;
    }
    canvas.getContext("2d").putImageData(pixels, 0, 0);
  }

  function paintFigures({ texts, figures }, arrays) {
    for (const [id, text] of Object.entries(texts)) paintText(id, text);
    for (const figure of figures) {
      const box = document.getElementById(figure.id);
      const plot = box && box.querySelector(".js-plotly-plot");
      if (!plot || !plot.data || !plot.data.length) continue;
      const values = arrays[figure.values];
      if (figure.kind === "cells") cover(plot, () => paintCells(plot, figure, values));
      else cover(plot, () => root.cnn.paintBars(plot, overlay(plot), values.values));
    }
  }

  // Colours as plotly.js computes them: between the two stops around a value, then rounded.
  function paintColours(values, { low, high, stops }, data) {
    const domain = stops.map(([share]) => low + share * (high - low));
    const last = stops.length - 2;
    for (let n = 0; n < values.length; n++) {
      if (values[n] !== values[n]) continue;
      const x = Math.min(Math.max(values[n], low), high);
      let i = 0;
      while (i < last && x >= domain[i + 1]) i++;
      const t = (x - domain[i]) / (domain[i + 1] - domain[i]);
      const [from, to] = [stops[i][1], stops[i + 1][1]];
      data[4 * n] = Math.round(from[0] * (1 - t) + to[0] * t);
      data[4 * n + 1] = Math.round(from[1] * (1 - t) + to[1] * t);
      data[4 * n + 2] = Math.round(from[2] * (1 - t) + to[2] * t);
      data[4 * n + 3] = 255;
    }
  }

  function paintCells(plot, figure, { values, shape }) {
    const image = plot.querySelector(".hm image");
    if (!image) return;
    const [height, width] = shape;
    const canvas = overlay(plot);
    if (!canvas.isPlaced) place(canvas, image, plot);
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const pixels = new ImageData(width, height);
    paintColours(values, figure, pixels.data);
    canvas.getContext("2d").putImageData(pixels, 0, 0);
    root.cnn.paintBarNumbers(plot, overlay(plot, "numbers"), figure);
  }

  // What is painted over a plot hides it until the plot draws what the view has become. A plot that
  // draws the same figure again (its box has another size), or an older one, is painted over anew.
  function cover(plot, paintIt) {
    const isKnown = plot.covered !== undefined;
    plot.covered = { data: plot.data, paintIt };
    paintIt();
    if (!isKnown) plot.on("plotly_afterplot", () => drawnAgain(plot));
  }

  function drawnAgain(plot) {
    for (const canvas of canvases(plot)) canvas.isPlaced = false;
    if (!plot.covered) return;
    if (!isSettled || plot.data === plot.covered.data) {
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

  function place(canvas, image, plot) {
    const [inner, outer] = [image.getBoundingClientRect(), plot.getBoundingClientRect()];
    canvas.style.left = inner.left - outer.left + "px";
    canvas.style.top = inner.top - outer.top + "px";
    canvas.style.width = inner.width + "px";
    canvas.style.height = inner.height + "px";
    canvas.isPlaced = true;
  }

  root.cnn = { ...root.cnn, live, stopLive, settle, valuesAddress, paintPixels };
  root.cnn.painters = { ...root.cnn.painters };
})();
