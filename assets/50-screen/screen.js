// What is on the screen, and what must be asked for when the view is another. A page that opens gets its
// figures whole, by Dash; from then on every change of the view is one binary answer, painted at once,
// as long as the figures keep their form.
(function () {
  const root = window.dash_clientside;
  const { parts } = root.cnn.rules;
  const RETRY_MILLISECONDS = 500;

  // The whole screen that came last, and of which views the panel and the page were asked for last.
  let known = { layers: null, repaired: null };
  let whole = { number: 0, query: "", ready: "" };
  // `awaited` is what figures are wanted for and have not come yet; `had` are those that have come, of the
  // view that is shown.
  let held, requests, resting, awaited, had;
  root.cnn.atStart(() => {
    held = resting = awaited = null;
    requests = { panel: null, page: null };
  });

  function isOpen(page, layer) {
    return root.cnn.openPage() === page && root.cnn.pageLayer() === (layer || "");
  }

  function same(names, one, other) {
    return Boolean(one) && (names || []).every((name) => one[name] === other[name]);
  }

  // Whether the panel and the open page show something else with another view.
  function differs(view) {
    return {
      panel: !same(parts.panel, requests.panel, view),
      page: !same(parts[root.cnn.openPage()], requests.page, view),
    };
  }

  function want(view) {
    whole.number += 1;
    return { view, number: whole.number };
  }

  // The model must be known, the page in order, and the link not one that had to be repaired.
  function isQuick(view) {
    const { layers, repaired } = known;
    const isRepaired = repaired && repaired.messages.length > 0
      && root.cnn.toQuery(repaired.view) === root.cnn.toQuery(view);
    const condition = document.getElementById("content").className;
    return Boolean(layers) && layers.network === root.cnn.networkOf(view) && !isRepaired && !condition;
  }

  const isHere = () => Boolean(held) && held.path === location.pathname;
  // Then Dash does not bring the figures again.
  const isHeldOf = (view) => isHere() && root.cnn.networkOf(held.view) === root.cnn.networkOf(view);

  // What the panel shows follows the view: by the quick way, or else whole, by Dash. A view that Dash tells of
  // while a newer one waits to be carried is not asked for: its answer would come after that of the newer one.
  function follow(view, ready, layers, repaired) {
    if (!view) return root.no_update;
    known = { layers, repaired };
    if (ready === "ready" && layers?.early && !isHere()) askAgain(layers);
    if (root.cnn.isBehind(view) || keepUp(view)) return root.no_update;
    const query = root.cnn.toQuery(view);
    if (query === whole.query && ready === whole.ready) return root.no_update;
    whole = { ...whole, query, ready };
    requests.panel = view;
    if (!isHeldOf(view)) requests.page = view;
    return want(view);
  }

  // Known before TensorFlow had started were the pages that had been opened before: the others ask now.
  function askAgain(layers) {
    root.set_props("layers", { data: { ...layers, early: false } });
  }

  // Asks for what is another with this view, once; says whether the quick way is open.
  function keepUp(view) {
    if (!isQuick(view)) return false;
    whole.query = "";
    const { panel, page } = differs(view);
    if (!panel && !page) return true;
    const address = root.cnn.valuesAddress(view);
    requests.panel = view;
    requests.page = view;
    const refused = () => {
      requests.panel = requests.page = null;
      root.set_props("wanted", { data: want(view) });
    };
    // What was attempted meanwhile may be of the panel alone.
    const dropped = () => {
      if (requests.page === view) requests.page = null;
    };
    root.cnn.live(() => ({ address, view }), { follows: true, refused, dropped });
    return true;
  }

  // What was painted last is of the view that is shown: then so is the page, or it is asked for again. Its own
  // answer may have been dropped for a newer one of the panel, or have been for figures that have gone. An answer
  // that follows a view from before, and comes last, leaves the view that is shown to be asked for.
  function settle(view, follows = false) {
    const shown = root.cnn.currentView();
    if (!isHere() || !view || !shown) return;
    const isShown = root.cnn.toQuery(view) === root.cnn.toQuery(shown);
    if (isShown || (follows && !root.cnn.isBusy())) keepUp(shown);
  }

  // A page that has just opened, or whose model is another, wants its figures.
  function wantScreen(view, layers, opened, layer, screen) {
    const page = root.callback_context.outputs_list.id.replace(/-wanted$/, "");
    const isThere = !Array.isArray(opened) || opened.length > 0;
    if (!view || !layers || layers.network !== root.cnn.networkOf(view) || !isThere || !isOpen(page, layer)) {
      return root.no_update;
    }
    const isLeft = Array.isArray(opened) && held && opened.length !== held.places.length;
    const isHeld = held && screen && held.number === screen.number && !areNew() && !isLeft;
    if (isHeld && root.cnn.networkOf(held.view) === root.cnn.networkOf(view)) return root.no_update;
    const key = JSON.stringify([location.pathname, root.cnn.toQuery(view), layers.network, layers.early, opened]);
    if (awaited === key) return root.no_update;
    held = null;
    awaited = key;
    requests.page = view;
    return want(view);
  }

  // A page that is left and opened again wants its figures again.
  root.cnn.whenLeft(() => (awaited = null));

  // Figures that were put on the page again have nothing in them.
  function areNew() {
    return root.callback_context.triggered.some(({ prop_id }) => prop_id.endsWith(".id"));
  }

  function showScreen(screen, ...figures) {
    if (!screen) return;
    const all = screen.places.length && Array.isArray(figures[0]) ? figures[0] : figures;
    const byPlace = Object.fromEntries(screen.places.map((place, i) => [place, all[i]]));
    held = { ...screen, figures: byPlace, path: location.pathname };
    resting = awaited = null;
    begin(screen.places, screen.later);
    root.cnn.dropPending();
    paintAround(screen);
    for (const [place, figure] of Object.entries(byPlace)) if (figure) root.cnn.uncoverAt(place, figure.data);
    const view = root.cnn.currentView();
    if (view && !same(parts[screen.page], screen.view, view)) {
      requests.page = screen.view;
      keepUp(view);
    } else if (screen.later.length) {
      askForRest(screen.view);
    }
  }

  function begin(places, later) {
    had = new Set(places.filter((place) => !later.includes(place)));
  }

  // What takes long comes beside all other requests, and part by part, until the page shows another view.
  async function askForRest(view) {
    const mine = (resting = {});
    const known = [...had].map((place) => ["had", place]);
    const { page, arrays, refusal, isStarting } = await leftOutOf(view, [["rest", "1"], ...known]);
    if (mine !== resting || !isHere()) return;
    if (isStarting) setTimeout(() => mine === resting && askForRest(view), RETRY_MILLISECONDS);
    if (refusal) root.set_props("notice", { children: refusal, is_open: true });
    if (!isStarting) resting = null;
    if (refusal) sayThatItGoesOn();
    if (!page) return;
    paintAround(page);
    bringCharts(page.charts, arrays, false);
    for (const place of Object.keys(page.charts)) had.add(place);
    if (page.later.length) askForRest(view);
  }

  // A worker has made what was empty until then.
  function askForEmpty(view) {
    for (const place of had) if (!held.figures[place]?.data.length) had.delete(place);
    askForRest(view);
  }

  function sayThatItGoesOn() {
    for (const { id } of document.querySelectorAll(".coming button")) root.cnn.paintText(id, "Go on");
  }

  // The reader may stop that, and go on with it; what the server computes just then is finished.
  document.addEventListener("click", ({ target }) => {
    const button = /** @type {Element} */ (target).closest(".coming button");
    if (!button || !isHere()) return;
    if (resting) {
      resting = null;
      sayThatItGoesOn();
    } else {
      root.cnn.paintText(button.id, "Cancel");
      askForRest(held.view);
    }
  });

  // What the open page has left out, as `wanted` says.
  async function leftOutOf(view, wanted) {
    try {
      const got = await fetch(root.cnn.valuesAddress(view, wanted, true));
      if (got.ok) return root.cnn.unpack(await got.arrayBuffer());
      return got.status === 503 ? { isStarting: true } : { refusal: await got.text() };
    } catch {
      return { refusal: root.cnn.SILENCE };
    }
  }

  function bringCharts(charts, arrays, moving) {
    for (const [place, chart] of Object.entries(charts)) {
      root.cnn.paintChart(place, chart, arrays);
      root.cnn.bringLater(place, chart, arrays, moving);
    }
  }

  // Texts and hidden parts are written here and never by Dash. What a script paints it is given at once; of
  // other components Dash is told.
  function paintAround({ texts, hidden, properties }) {
    for (const [id, text] of Object.entries(texts)) root.cnn.paintText(id, text);
    for (const [id, isHidden] of Object.entries(hidden)) {
      const part = document.getElementById(id);
      if (part && part.hidden !== isHidden) part.hidden = isHidden;
    }
    for (const [id, given] of Object.entries(properties)) {
      const receive = root.cnn.receivers[id];
      if (receive) receive(given);
      else tellDash(id, given);
    }
  }

  function tellDash(id, given) {
    const text = JSON.stringify(given);
    if (held.written?.[id] === text) return;
    held.written = { ...held.written, [id]: text };
    root.set_props(id, given);
  }

  // The numbers of one answer; `view` is what they are of, where that is known.
  function paintScreen(page, arrays, { path, view, moving }) {
    if (!held || held.path !== path || location.pathname !== path) return;
    requests.page = resting = null;
    if (!page.charts) {
      if (!moving) requests.page = view;
      if (page.form && !moving) wantWhole(view);
      return;
    }
    if (page.form !== held.form) return;
    held.view = view || held.view;
    paintAround(page);
    begin(Object.keys(page.charts), page.later);
    bringCharts(page.charts, arrays, moving);
    requests.page = moving && page.later.length ? null : view;
    if (!moving && page.later.length) askForRest(view);
  }

  function wantWhole(view) {
    requests.page = view;
    root.set_props(`${held.page}-wanted`, { data: want(view) });
  }

  // What an answer was painted of: a drawing that still moves is no view yet. The page is as it was where it
  // has nothing to do with what is another.
  function painted(view, isForPanelAlone) {
    requests.panel = view;
    if (isForPanelAlone && view && requests.page) requests.page = view;
  }

  root.cnn = { ...root.cnn, follow, keepUp, wantScreen, showScreen, paintScreen, painted, settle, askForEmpty, wantWhole, leftOutOf,
    receivers: {}, differs, awaitsRest: () => resting !== null, heldFigures: () => (held ? held.figures : {}), shownView: () => (isHere() ? held.view : null), heldForm: () => (isHere() ? held.form : "") };
})();
