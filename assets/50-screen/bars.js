// Bars, outlines and the numbers of axes, painted over a figure while a pen moves, in its geometry:
// Plotly takes a tenth of a second for them. The ranges follow the values, as Plotly's own do.
(function () {
  const root = window.dash_clientside;
  const PADDING = 0.05;
  const MOST_TICKS = 6;
  const BAR_MARGIN = 24;

  // Colours are asked for when the theme is another: each question has the page's style computed at once.
  let known;
  root.cnn.atStart(() => (known = null));

  function pageColours() {
    const theme = document.documentElement.dataset.bsTheme;
    if (!known || known.theme !== theme) {
      const style = getComputedStyle(document.body);
      const [line, zero] = ["--line", "--bs-secondary-color"].map((name) => style.getPropertyValue(name));
      known = { theme, text: style.color, line, zero };
    }
    return known;
  }

  function paintBars(plot, canvas, values) {
    const geometry = root.cnn.plotly.geometryOf(plot);
    const { width, height, isBars, gap, colour, x, y } = geometry;
    Object.assign(canvas.style, { left: 0, top: 0 });
    const context = scaled(canvas, width, height);
    const range = y.range || rangeOf(values);
    const up = (value) => y.start + y.length * (1 - (value - range[0]) / (range[1] - range[0]));
    const { first, step } = root.cnn.plotly.gridOf(plot).x;
    const across = (i) => x.place(first + step * i);
    paintTicks(context, geometry, range, up);
    if (isBars) {
      context.fillStyle = colour;
      values.forEach((value, i) => {
        const [left, right] = [across(i - 0.5 + gap / 2), across(i + 0.5 - gap / 2)];
        context.fillRect(left, up(Math.max(0, value)), right - left, Math.abs(up(0) - up(value)));
      });
    } else {
      paintOutline(context, values, colour, across, up);
    }
  }

  // From zero, and a twentieth of the axis more beyond the farthest value on each side.
  function rangeOf(values) {
    const finite = values.filter(Number.isFinite);
    const [low, high] = [Math.min(0, ...finite), Math.max(0, ...finite)];
    const sides = Number(low < 0) + Number(high > 0);
    const room = (PADDING * (high - low)) / (1 - sides * PADDING) || 1;
    return [low < 0 ? low - room : 0, high > 0 ? high + room : sides ? 0 : 1];
  }

  // The context of a canvas of a size in CSS pixels, sharp on every screen.
  function scaled(canvas, width, height) {
    const ratio = window.devicePixelRatio || 1;
    Object.assign(canvas, { width: ratio * width, height: ratio * height });
    Object.assign(canvas.style, { width: width + "px", height: height + "px" });
    const context = canvas.getContext("2d");
    context.scale(ratio, ratio);
    return context;
  }

  function paintTicks(context, { x, y, font }, range, up) {
    const colours = pageColours();
    context.font = `${font.size}px ${font.family}`;
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (const value of root.cnn.niceValues(range, MOST_TICKS)) {
      context.fillStyle = value ? colours.line : colours.zero;
      context.fillRect(x.start, up(value) - 0.5, x.length, 1);
      context.fillStyle = colours.text;
      const text = y.isPercent ? Math.round(100 * value) + "%" : value;
      context.fillText(text, x.start - 4, up(value));
    }
  }

  // The numbers below a colour bar: as wide as it is, and half a number more on each side.
  function paintBarNumbers(plot, canvas, { low, high }) {
    if (canvas.isPlaced && canvas.low === low && canvas.high === high) return;
    const { size, family } = root.cnn.plotly.scaleFontOf(plot);
    const context = canvas.isPlaced ? canvas.getContext("2d") : placeBelowBar(plot, canvas, size);
    if (!context) return;
    Object.assign(canvas, { low, high });
    const width = canvas.barWidth;
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.font = `${size}px ${family}`;
    context.textAlign = "center";
    context.textBaseline = "top";
    context.fillStyle = pageColours().text;
    for (const { text, at } of root.cnn.barTicks([low, high], width, size)) {
      context.fillText(text, BAR_MARGIN + at, 3);
    }
  }

  function placeBelowBar(plot, canvas, size) {
    const bar = plot.bar || barOf(plot);
    if (!bar) return null;
    canvas.style.left = bar.left - BAR_MARGIN + "px";
    canvas.style.top = bar.bottom + "px";
    Object.assign(canvas, { isPlaced: true, barWidth: bar.width });
    return scaled(canvas, bar.width + 2 * BAR_MARGIN, size + 6);
  }

  // Where the colour bar of a plot is.
  function barOf(plot) {
    const fills = root.cnn.plotly.scaleOf(plot);
    if (!fills) return null;
    const [bar, box] = [fills.getBoundingClientRect(), plot.getBoundingClientRect()];
    return { left: bar.left - box.left, bottom: bar.bottom - box.top, width: bar.width };
  }

  // It is where it was until the plot is drawn again. In the midst of painting the browser would lay the page
  // out anew for each figure, to say it: it is asked when the drawing is on the screen.
  function measureBar(plot) {
    plot.bar = null;
    requestAnimationFrame(() => setTimeout(() => {
      const bar = barOf(plot);
      if (!plot.covered && bar?.width) plot.bar = bar;
    }, 0));
  }

  function paintOutline(context, values, colour, across, up) {
    context.beginPath();
    context.moveTo(across(0), up(values[0]));
    values.forEach((value, i) => {
      if (i) context.lineTo(across(i - 0.5), up(value));
      context.lineTo(across(i + 0.5), up(value));
    });
    context.strokeStyle = colour;
    context.stroke();
    context.lineTo(across(values.length - 1), up(0));
    context.lineTo(across(0), up(0));
    context.globalAlpha = 0.5;
    context.fillStyle = colour;
    context.fill();
    context.globalAlpha = 1;
  }

  root.cnn = { ...root.cnn, paintBars, paintBarNumbers, measureBar, scaled };
})();
