// Numbers that are written into cells stand there only where they fit: with fewer digits in small cells, and
// not at all in smaller ones, where the pointer tells them. They are black or white, to be read on any colour.
(function () {
  const root = window.dash_clientside;
  const { plotly } = root.cnn;
  const DIGITS = [2, 1];
  const BESIDE = 6;

  plotly.atFirstDrawing((plot) => {
    plotly.afterDrawing(plot, () => fit(plot));
    fit(plot);
  });

  function fit(plot) {
    const { numbers, width, height, colours } = plotly.writtenIn(plot);
    if (!numbers.length) return;
    const range = { ...colours, stops: root.cnn.colourStops(colours.colorscale) };
    for (const { text, value } of numbers) {
      text.style.fill = root.cnn.inkOn(value, range);
      text.textContent = withMinus(text.textContent);
    }
    const hasHeight = numbers[0].text.getBBox().height <= height;
    const fits = () => hasHeight && numbers.every(({ text }) => text.getComputedTextLength() <= width - BESIDE);
    if (fits()) return;
    for (const digits of DIGITS) {
      for (const { text, value } of numbers) text.textContent = short(value, digits);
      if (fits()) return;
    }
    for (const { text } of numbers) text.remove();
  }

  // The shortest way to write so many digits of a number.
  function short(value, digits) {
    const rounded = Number(value.toPrecision(digits));
    const ways = [String(rounded), rounded.toExponential()].map((way) => way.replace("e+", "e"));
    return withMinus(ways[0].length <= ways[1].length ? ways[0] : ways[1]);
  }

  // The minus of the captions and of all axes, where plotly.js writes a hyphen.
  function withMinus(written) {
    return written.replaceAll("-", "−");
  }

  root.cnn = { ...root.cnn, short };
})();
