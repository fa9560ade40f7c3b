// Pictures of a data set by chance: of a class, and such as can be read.
(function () {
  const root = window.dash_clientside;
  const OWN = "own:";
  // So many that a server answers soon, all damaged as they may be.
  const MOST_TRIED = 100;
  const NO_LABEL = 0xffff;
  let labels, turn;
  root.cnn.atStart(() => [labels, turn] = [{}, 0]);

  // The class of every picture of a data set, fetched once.
  function labelsOf(view) {
    const address = root.cnn.addressOf("labels", view);
    labels[address] = labels[address] || fetchLabels(address);
    return labels[address];
  }

  async function fetchLabels(address) {
    const answer = await fetch(address);
    return answer.ok ? new Uint16Array(await answer.arrayBuffer()) : new Uint16Array();
  }

  // One of these places by chance whose picture can be read, null where none can: files of somebody's own may be
  // damaged, which the server knows.
  async function readableAmong(view, places) {
    const left = [...places];
    while (left.length) {
      if (!view.data.startsWith(OWN)) return take(left);
      const some = Array.from({ length: Math.min(MOST_TRIED, left.length) }, () => take(left));
      const found = await firstReadable(view, some);
      if (found !== null) return found;
    }
    return null;
  }

  // Takes one of them out by chance.
  function take(left) {
    const at = Math.floor(Math.random() * left.length);
    const [taken] = left.splice(at, 1, left[left.length - 1]);
    left.pop();
    return taken;
  }

  async function firstReadable(view, places) {
    try {
      const answer = await fetch(root.cnn.addressOf("readable", view) + "?places=" + places.join());
      if (answer.ok) return (await answer.json()).index;
    } catch (error) {
      console.warn(error);
    }
    // Whoever shows it says what is wrong.
    return places[0];
  }

  // Another random picture: of the class that is wanted, or of the class of the one on the screen.
  async function pickOf(wanted) {
    const view = root.cnn.currentView();
    if (!view) return;
    const mine = ++turn;
    const known = await labelsOf(view);
    const here = view.pixels || view.upload ? -1 : Number(view.index);
    const label = wanted === undefined ? known[Number(view.index)] : wanted;
    const places = [...known.keys()].filter((i) => known[i] === label && i !== here);
    const index = await readableAmong(view, places);
    const now = root.cnn.currentView();
    if (mine !== turn || !known.length || now.data !== view.data || now.split !== view.split) return;
    if (index === null) tell(places.length, label, known[here] === label);
    else root.cnn.changeView({ index, pixels: null, upload: null, erased: null });
  }

  // Says why there is no other picture: of `damaged` ones none can be read.
  function tell(damaged, label, isHere) {
    const of = label === NO_LABEL || label === undefined ? "" : " of that class";
    const other = isHere ? "other " : "";
    const sentence = damaged
      ? `No ${other}picture${of} can be read: ${damaged === 1 ? "its file is" : `all ${damaged} are`} damaged.`
      : `There is no ${other}picture${of} here.`;
    root.set_props("notice", { children: sentence, is_open: true });
  }

  // The place in another data set, or split, of a random picture of the class of the one on the screen; of any
  // where there is none of it.
  async function placeIn(next, view) {
    const [known, label] = await Promise.all([labelsOf(next), classIn(next, view)]);
    const all = [...known.keys()];
    const same = await readableAmong(next, all.filter((i) => known[i] === label));
    return same ?? (await readableAmong(next, all)) ?? 0;
  }

  // The number that the class of the picture on the screen has in another data set; null where it has none.
  async function classIn(next, view) {
    if (view.pixels || view.upload) return null;
    const label = (await labelsOf(view))[Number(view.index)];
    if (next.data === view.data) return label;
    const [names, others] = await Promise.all([view, next].map(({ data }) => root.cnn.classesOf(data)));
    const place = (others || []).indexOf((names || [])[label]);
    return place < 0 ? null : place;
  }

  document.addEventListener("click", ({ target }) => {
    const button = target.closest(".digits button, #another");
    if (button) pickOf(button.dataset.label === undefined ? undefined : Number(button.dataset.label));
  });

  root.cnn = { ...root.cnn, labelsOf, readableAmong, pickOf, placeIn, tellOfNoOther: tell };
})();
