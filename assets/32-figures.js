// Figures in their place: a title that is wider is broken into lines beside the figure's button, and in
// a presentation texts and margins grow with the type of the page.
(function () {
  const root = (window.dash_clientside = window.dash_clientside || {});
  const PLAIN_PIXELS = 16;
  const SMALLEST_REM = 0.72;
  const BUTTON_REM = 2.2;
  const LINE_HEIGHT = 1.3;
  const REST_MILLISECONDS = 200;
  const ruler = document.createElement("canvas").getContext("2d");
  const GROWING = ["l", "r", "t", "b", "pad", "standoff", "ypad", "thickness", "yshift"];

  let plotly;

  // Figures are drawn by plotly.js, which comes when the first of them is there.
  Object.defineProperty(window, "Plotly", {
    configurable: true,
    get: () => plotly,
    set(given) {
      const { react } = given;
      plotly = Object.assign(given, { react: (plot, figure) => draw(react, plot, figure) });
    },
  });

  function draw(react, plot, figure) {
    plot.given = figure;
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const isTouched = matchMedia("(pointer: coarse)").matches;
    const layout = isTouched ? { ...figure.layout, dragmode: false } : figure.layout;
    const grown = rem === PLAIN_PIXELS ? { data: figure.data, layout } : enlarged({ data: figure.data, layout }, rem);
    return react(plot, { ...figure, ...grown, layout: titled(plot, grown.layout, rem) });
  }

  function titled(plot, layout, rem) {
    const { title, margin } = layout;
    if (!title || !title.text || !plot.clientWidth) return layout;
    const lines = brokenLines(title, plot.clientWidth - BUTTON_REM * rem);
    plot.titleLines = lines.length;
    const more = LINE_HEIGHT * title.font.size * (lines.length - 1);
    return { ...layout, title: { ...title, text: lines.join("<br>") }, margin: { ...margin, t: margin.t + more } };
  }

  function brokenLines({ text, font }, room) {
    ruler.font = `${font.size}px ${getComputedStyle(document.body).fontFamily}`;
    const lines = [];
    for (const word of text.split(" ")) {
      const longer = lines.length ? `${lines[lines.length - 1]} ${word}` : word;
      if (lines.length && ruler.measureText(longer).width <= room) lines[lines.length - 1] = longer;
      else lines.push(word);
    }
    return lines;
  }

  function drawAgain(plots) {
    for (const plot of plots) if (plot.given) plotly.react(plot, plot.given);
  }

  // Another width may leave another room for titles.
  let waits = 0;
  window.addEventListener("resize", () => {
    clearTimeout(waits);
    waits = setTimeout(() => drawAgain(allPlots().filter(isOtherwiseBroken)), REST_MILLISECONDS);
  });

  function isOtherwiseBroken(plot) {
    const { title } = (plot.given && plot.given.layout) || {};
    if (!title || !title.text || !plot.clientWidth) return false;
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    return brokenLines(title, plot.clientWidth - BUTTON_REM * rem).length !== plot.titleLines;
  }

  function allPlots() {
    return [...document.querySelectorAll(".js-plotly-plot")];
  }

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
    const isBelow = name === "legend" && key === "y" && value < 0;
    return isBelow || GROWING.includes(key) ? value * factor : value;
  }

  function present(view) {
    if (!view) return;
    const on = view.present === "1";
    const page = document.documentElement;
    document.getElementById("present").setAttribute("aria-pressed", String(on));
    if (page.classList.contains("presenting") === on) return;
    page.classList.toggle("presenting", on);
    drawAgain(allPlots());
    window.dispatchEvent(new Event("resize"));
  }

  document.addEventListener("click", (event) => {
    if (!event.target.closest("#present")) return;
    const view = root.cnn.currentView();
    if (view) root.cnn.changeView({ present: view.present === "1" ? null : 1 });
  });

  root.cnn = { ...root.cnn, present };
})();
