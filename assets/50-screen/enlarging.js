// What is enlarged of a reduced mosaic is sharp: the cells in sight are asked for, and drawn over it.
(function () {
  const root = window.dash_clientside;
  const { plotly } = root.cnn;
  const RETRY_MILLISECONDS = 500;

  plotly.atFirstDrawing((plot) => plotly.afterDrawing(plot, () => follow(plot)));

  // Asks once for what is in sight of the numbers that are drawn, whenever either is another.
  function follow(plot) {
    const whole = wholeOf(plotly.aboutOf(plot));
    mark(plot, Boolean(whole));
    const { id: place } = plot.closest("[id]");
    if (!whole || !root.cnn.heldFigures()[place] || isCovered(plot)) return;
    const { enlarged, given: { data: of } } = plot;
    const window = inSight(plot, whole);
    if ((enlarged?.of === of && enlarged.window === window) || (!enlarged && !window)) return;
    plot.enlarged = window ? { of, window, numbers: null } : null;
    if (window) ask(plot, place, plot.enlarged);
    else if (enlarged.of === of) plotly.draw(plot, plot.given);
  }

  // What is reduced has more in its toolbar, beside its title.
  function mark(plot, isReduced) {
    if (plot.classList.contains("reduced") === isReduced) return;
    plot.classList.toggle("reduced", isReduced);
    root.cnn.fitTitle(plot);
  }

  // The rows and columns of what is reduced, on its axes; nothing of what is not.
  function wholeOf({ tiles, whole }) {
    if (!tiles) return whole;
    return tiles.block > 1 ? root.cnn.wholeOf(tiles) : null;
  }

  // What is painted over a plot is of numbers that it does not have yet.
  function isCovered({ covered, given }) {
    return Boolean(covered) && covered.until !== given.data;
  }

  // The left, upper, right and lower end of what is in sight; nothing where all is.
  function inSight(plot, { rows, columns }) {
    const { across, down } = plotly.areaOf(plot);
    const isCut = ([first, last], count) => first > -0.49 || last < count - 0.51;
    const ends = [across[0], down[0], across[1], down[1]];
    return isCut(across, columns) || isCut(down, rows) ? ends.map((end) => end.toFixed(3)).join() : "";
  }

  async function ask(plot, place, wanted) {
    const address = root.cnn.valuesAddress(root.cnn.shownView(), [["figure", place], ["window", wanted.window]], true);
    const got = await fetch(address).catch(() => null);
    if (got?.status === 503) setTimeout(() => plot.enlarged === wanted && ask(plot, place, wanted), RETRY_MILLISECONDS);
    if (!got?.ok) return;
    const { page, arrays } = root.cnn.unpack(await got.arrayBuffer());
    if (!page.enlarged || plot.enlarged !== wanted || plot.given.data !== wanted.of) return;
    wanted.numbers = root.cnn.revived(page.enlarged, arrays);
    plotly.draw(plot, plot.given);
  }
})();
