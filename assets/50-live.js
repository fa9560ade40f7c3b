// What is painted while a pen or a slider moves: the values of one binary answer at a time, over the
// figures and in their geometry. At rest the figures receive the same values, and the paint goes.
(function () {
  const root = (window.dash_clientside = window.dash_clientside || {});
  const RETRY_MILLISECONDS = 500;

  // One request at a time; of those that wait only the newest is sent. `make` is called when its turn
  // comes and gives { address, body }; `done` gets the answer after it is painted.
  let wanted = null;
  let busy = false;
  let era = 0;

  function live(make, done) {
    wanted = { make, done };
    if (!busy) run();
  }

  function stopLive() {
    wanted = null;
    era += 1;
  }

  async function run() {
    busy = true;
    while (wanted) {
      const one = wanted;
      wanted = null;
      try {
        await answer(one, era);
      } catch (error) {
        tell("The server does not answer: the picture is kept here; check the connection and go on.");
      }
    }
    busy = false;
  }

  async function answer(one, mine) {
    const { address, body } = await one.make();
    const got = await fetch(address, body ? { method: "POST", body } : {});
    if (got.status === 503) {
      await new Promise((rest) => setTimeout(rest, RETRY_MILLISECONDS));
      if (mine === era) wanted = wanted || one;
    } else if (!got.ok) {
      tell(await got.text());
    } else {
      const values = root.cnn.unpack(await got.arrayBuffer());
      if (mine !== era) return;
      paint(values);
      if (one.done) one.done(values);
    }
  }

  function tell(sentence) {
    root.set_props("notice", { children: sentence, is_open: true });
  }

  function paint(values) {
    paintPicture(document.getElementById("picture"), values.arrays[values.seen]);
    document.getElementById("picture-text").textContent = values.told;
    root.cnn.paintPrediction(values.prediction);
    if (!values.page) return;
    const open = location.pathname.split("/")[1] || "network";
    (root.cnn.painters[open] || paintFigures)(values.page, values.arrays, values);
  }

  const small = document.createElement("canvas");

  function paintPicture(image, { values, shape }) {
    const [height, width, channels] = shape;
    Object.assign(small, { width, height });
    const pixels = new ImageData(width, height);
    for (let i = 0; i < width * height; i++) {
      for (let c = 0; c < 3; c++) pixels.data[4 * i + c] = values[channels * i + (c % channels)];
      pixels.data[4 * i + 3] = 255;
    }
    small.getContext("2d").putImageData(pixels, 0, 0);
    image.src = small.toDataURL();
  }

  function paintFigures({ texts, figures }, arrays) {
    for (const [id, text] of Object.entries(texts)) {
      const place = document.getElementById(id);
      if (place) place.textContent = text;
    }
    for (const figure of figures) {
      const box = document.getElementById(figure.id);
      const plot = box && box.querySelector(".js-plotly-plot");
      if (!plot || !plot.data || !plot.data.length) continue;
      if (figure.kind === "cells") paintCells(plot, figure, arrays[figure.values]);
      else Plotly.restyle(plot, { y: [arrays[figure.values].values] });
    }
  }

  // The colour of a value as plotly.js computes it: between the two stops around it, then rounded.
  function colours({ low, high, stops }) {
    const domain = stops.map(([share]) => low + share * (high - low));
    return (value, data, at) => {
      const x = Math.min(Math.max(value, low), high);
      let i = 1;
      while (i < domain.length - 1 && x >= domain[i]) i++;
      const t = (x - domain[i - 1]) / (domain[i] - domain[i - 1]);
      for (let c = 0; c < 3; c++) {
        data[at + c] = Math.round(stops[i - 1][1][c] * (1 - t) + stops[i][1][c] * t);
      }
      data[at + 3] = 255;
    };
  }

  function paintCells(plot, figure, { values, shape }) {
    const image = plot.querySelector(".hm image");
    if (!image) return;
    const [rows, columns] = shape;
    const canvas = overlay(plot);
    place(canvas, image, plot);
    Object.assign(canvas, { width: columns, height: rows });
    const pixels = new ImageData(columns, rows);
    const colour = colours(figure);
    for (let i = 0; i < values.length; i++) {
      if (!Number.isNaN(values[i])) colour(values[i], pixels.data, 4 * i);
    }
    canvas.getContext("2d").putImageData(pixels, 0, 0);
    canvas.hidden = false;
    image.style.visibility = "hidden";
  }

  function overlay(plot) {
    const known = plot.querySelector(":scope > canvas.live");
    if (known) return known;
    const canvas = document.createElement("canvas");
    canvas.className = "live";
    plot.append(canvas);
    plot.on("plotly_afterplot", () => {
      canvas.hidden = true;
      const image = plot.querySelector(".hm image");
      if (image) image.style.visibility = "";
    });
    return canvas;
  }

  function place(canvas, image, plot) {
    const [inner, outer] = [image.getBoundingClientRect(), plot.getBoundingClientRect()];
    canvas.style.left = inner.left - outer.left + "px";
    canvas.style.top = inner.top - outer.top + "px";
    canvas.style.width = inner.width + "px";
    canvas.style.height = inner.height + "px";
  }

  root.cnn = { ...root.cnn, live, stopLive, tell, paintPicture, painters: { ...root.cnn.painters } };
})();
