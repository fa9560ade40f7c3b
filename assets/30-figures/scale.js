// The numbers below a colour bar: round, upright, as many as stand beside each other, and in powers of ten
// where they are tiny or huge. Plotly is given them, and the canvas that is painted over it writes the same.
(function () {
  const root = window.dash_clientside;
  const MOST_TICKS = 6;
  const LEAST_TICKS = 2;
  // How wide a letter is at most, as a share of its size.
  const DIGIT = 0.64;
  const WIDTHS = { ".": 0.32, "−": 0.84 };
  // How far a number may reach beyond the bar, in CSS pixels: the margin of a figure.
  const BEYOND = 6;
  const STEPS = [1, 2, 5, 10];
  const STEPS_OF_BAR = [1, 2, 4, 5, 10];
  const PLAIN = { from: 1e-3, below: 1e5 };

  // Round values in a range, with at most so many steps from one to the next.
  function niceValues([low, high], most, steps = STEPS) {
    const rough = (high - low) / most;
    const ten = 10 ** Math.floor(Math.log10(rough));
    const step = ten * steps.find((one) => one * ten >= rough);
    const values = [];
    for (let n = Math.ceil(low / step); n * step <= high; n++) values.push(Number((n * step).toPrecision(6)));
    return values;
  }

  // What is written below a bar of so many CSS pixels in letters of a size: values, their texts, and their
  // places in pixels from its left end.
  function barTicks([low, high], width, size) {
    const half = (text) => (size * widthOf(text)) / 2;
    const at = (value) => (width * (value - low)) / (high - low);
    const isInside = (value, text) => at(value) - half(text) >= -BEYOND && at(value) + half(text) <= width + BEYOND;
    const isApart = (one, i, all) =>
      !i || one.at - half(one.text) >= all[i - 1].at + half(all[i - 1].text) + DIGIT * size;
    let found = [];
    for (let most = MOST_TICKS; most >= LEAST_TICKS; most--) {
      const values = niceValues([low, high], most, STEPS_OF_BAR);
      const inside = values.filter((value) => isInside(value, written(value, largestOf(values))));
      const ticks = inside.map((value) => ({ value, text: written(value, largestOf(inside)), at: at(value) }));
      if (ticks.length > found.length && ticks.every(isApart)) found = ticks;
    }
    return found;
  }

  const largestOf = (values) => Math.max(...values.map(Math.abs));

  function widthOf(text) {
    return [...text].reduce((sum, letter) => sum + (WIDTHS[letter] || DIGIT), 0);
  }

  // All numbers of a bar have the power of ten of the largest, so that they can be compared.
  function written(value, largest) {
    if (!value) return "0";
    const power = largest >= PLAIN.from && largest < PLAIN.below ? 0 : Math.floor(Math.log10(largest));
    const digits = Number((value / 10 ** power).toPrecision(6));
    return `${digits}${power ? `e${power}` : ""}`.replaceAll("-", "−");
  }

  root.cnn = { ...root.cnn, niceValues, barTicks };
})();
