// The numbers of an answer are brought into the Plotly figures when nothing moves any more, one figure
// at a time, so that the page answers in between.
(function () {
  const root = window.dash_clientside;
  const REST_MILLISECONDS = 100;
  const MOVING_MILLISECONDS = 400;

  const pending = new Map();
  let resting = 0;
  root.cnn.atStart(dropPending);

  function bringLater(place, chart, arrays, moving) {
    const before = (chart.isPart && pending.get(place)) || [];
    pending.set(place, [...before, { chart, arrays }]);
    rest(moving ? MOVING_MILLISECONDS : REST_MILLISECONDS);
  }

  function rest(milliseconds) {
    clearTimeout(resting);
    resting = setTimeout(() => requestIdleCallback(bringOne, { timeout: 1000 }), milliseconds);
  }

  function bringOne() {
    if (root.cnn.isBusy() || root.cnn.isDrawing() || root.cnn.isWalking()) {
      rest(REST_MILLISECONDS);
      return;
    }
    const [first] = pending;
    if (!first) return;
    const [place, charts] = first;
    pending.delete(place);
    const figures = root.cnn.heldFigures();
    if (document.getElementById(place) && figures[place]) {
      for (const { chart, arrays } of charts) figures[place] = filled(figures[place], chart, arrays);
      root.cnn.uncoverAt(place, figures[place].data);
      const identity = place.startsWith("{") ? JSON.parse(place) : place;
      const [{ chart: { isWhole, size: style } }] = charts;
      const size = isWhole ? { style } : {};
      root.set_props(identity, { figure: figures[place], ...size });
    }
    if (pending.size) requestIdleCallback(bringOne, { timeout: 1000 });
  }

  function dropPending() {
    pending.clear();
    clearTimeout(resting);
  }

  // A figure with the numbers of a chart of its form; one that has no frame is another as a whole.
  function filled(figure, { isWhole, traces, layout }, arrays) {
    const numbers = traces.map((trace) => revived(trace, arrays));
    if (isWhole) return { ...figure, data: numbers, layout };
    return {
      ...figure,
      data: figure.data.map((trace, i) => put(trace, numbers[i])),
      layout: put(figure.layout, layout),
    };
  }

  function revived(trace, arrays) {
    return Object.fromEntries(
      Object.entries(trace).map(([path, value]) => [
        path, value && value.array !== undefined ? rowsOf(arrays[value.array]) : value,
      ])
    );
  }

  function rowsOf({ values, shape }) {
    if (shape.length < 2) return values;
    const [count, width] = shape;
    return Array.from({ length: count }, (_, i) => values.subarray(i * width, (i + 1) * width));
  }

  // A copy with values at paths such as "colorbar.title.text".
  function put(part, values) {
    const copy = { ...part };
    for (const [path, value] of Object.entries(values)) {
      const [name, ...rest] = path.split(".");
      copy[name] = rest.length ? put(copy[name], { [rest.join(".")]: value }) : value;
    }
    return copy;
  }

  // A text of a figure as it is read: there its letters cannot be taken for markup.
  const LETTERS = { "&lt;": "<", "&gt;": ">", "&#123;": "{", "&amp;": "&" };

  function plain(text) {
    return text.replace(/&(lt|gt|#123|amp);/g, (one) => LETTERS[one]);
  }

  root.cnn = { ...root.cnn, bringLater, dropPending, filled, plain, revived };
})();
