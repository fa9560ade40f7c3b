// The colours of numbers, as plotly.js computes them, and of what is written on them.
(function () {
  const root = window.dash_clientside;
  const known = new Map();

  // [share, "#rrggbb" or "rgb(r, g, b)"] as [share, [r, g, b]].
  function colourStops(scale) {
    const key = scale.map(([, colour]) => colour).join();
    if (!known.has(key)) known.set(key, scale.map(([share, colour]) => [share, rgb(colour)]));
    return known.get(key);
  }

  function rgb(colour) {
    if (!colour.startsWith("#")) return colour.match(/\d+/g).map(Number);
    return [1, 3, 5].map((place) => parseInt(colour.slice(place, place + 2), 16));
  }

  // Between the two stops around a value, then rounded; what is no number is clear.
  function fillColours(values, { low, high, stops }, data) {
    const domain = stops.map(([share]) => low + share * (high - low));
    const last = stops.length - 2;
    for (let n = 0; n < values.length; n++) {
      if (values[n] !== values[n]) {
        data[4 * n + 3] = 0;
        continue;
      }
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

  // Black or white, which has more contrast with the colour of a value (WCAG 2.2, relative luminance).
  function inkOn(value, range) {
    const colour = [0, 0, 0, 0];
    fillColours([value], range, colour);
    const [red, green, blue] = colour.map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    return (luminance + 0.05) ** 2 > 1.05 * 0.05 ? "#000" : "#fff";
  }

  root.cnn = { ...root.cnn, colourStops, fillColours, inkOn };
})();
