// The title of a figure that is wider than the figure is cut in its middle; the whole is at the pointer.
(function () {
  const root = window.dash_clientside;
  const { plotly } = root.cnn;
  const BESIDE = 4;

  plotly.atFirstDrawing((plot) => {
    plotly.afterDrawing(plot, () => fit(plot));
    fit(plot);
  });

  function fit(plot) {
    const title = plotly.titleOf(plot);
    if (!title || title.querySelector("tspan")) return;
    const { dataset } = title;
    const whole = title.textContent === dataset.cut ? dataset.whole : title.textContent;
    title.textContent = whole;
    const bar = plotly.toolbarOf(plot);
    const isBeside = bar && bar.getBoundingClientRect().top < title.getBoundingClientRect().bottom;
    const room = plot.clientWidth - title.getBBox().x - (isBeside ? bar.offsetWidth : 0) - BESIDE;
    let length = whole.length;
    while (length > 3 && title.getComputedTextLength() > room) title.textContent = cut(whole, --length);
    Object.assign(dataset, { whole, cut: title.textContent });
    hint(title, length < whole.length ? whole : "");
  }

  function hint(title, whole) {
    const known = title.parentNode.querySelector(":scope > title");
    if (known) known.remove();
    title.style.pointerEvents = whole ? "all" : "";
    if (!whole) return;
    const made = document.createElementNS("http://www.w3.org/2000/svg", "title");
    made.textContent = whole;
    title.parentNode.prepend(made);
  }

  function cut(text, length) {
    const end = Math.floor((length - 1) / 2);
    return `${text.slice(0, length - 1 - end)}…${text.slice(text.length - end)}`;
  }

  root.cnn = { ...root.cnn, fitTitle: fit };
})();
