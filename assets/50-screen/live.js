// Asks for values, and paints one binary answer at a time: what a pen or a slider moves, and what the
// view has become.
(function () {
  const root = window.dash_clientside;

  const LONG_MILLISECONDS = 200;

  // What is asked for is numbered. An answer is shown in the next frame, unless a newer one comes before
  // it. What a pen or a slider asked for before the last stop is not shown.
  const requests = new Map();
  let newest = 0;
  let post = null;
  let arrived = null;
  let isThere = null;
  const waiting = new Set();
  root.cnn.atStart(stopLive);

  // `make` gives { address, body, view, moving, ahead }, or a promise of it; what is there is sent at once. A
  // request ends in one of three ways: `painted` gets its values, `refused` a sentence, which the reader is
  // told unless the request `follows` the view, or it is `dropped`, because a newer one is answered or what
  // is attempted is stopped.
  async function live(make, { follows = false, ...ends } = {}) {
    const number = ++newest;
    const one = { follows, ends, path: location.pathname };
    requests.set(number, one);
    tellBusy();
    const given = make();
    const { address, body, view, moving, ahead } = given instanceof Promise ? await given : given;
    if (requests.get(number) !== one) return;
    Object.assign(one, { view, moving: Boolean(moving), isDrawn: Boolean(body) });
    post = post || root.cnn.messenger(heard);
    post({ number, address, body, ahead });
  }

  function stopLive() {
    for (const [number, one] of requests) if (!one.follows) drop(number);
    if (arrived && !arrived.follows) arrive(null);
    setLate(false);
    tellBusy();
  }

  function drop(number) {
    const { ends } = requests.get(number);
    requests.delete(number);
    ends.dropped?.();
  }

  // Of two answers between two frames the older is not shown.
  function arrive(next) {
    const dropped = arrived;
    arrived = next;
    dropped?.ends.dropped?.();
  }

  function heard({ number, values, refusal, isBusy }) {
    if (values || refusal || isBusy) root.cnn.sayBusy("values", isBusy);
    const one = requests.get(number);
    if (!one) return;
    setLate(!values && !refusal);
    if (!values && !refusal) return;
    tellLong(false);
    requests.delete(number);
    for (const old of [...requests.keys()].filter((other) => other < number)) drop(old);
    const isScheduled = Boolean(arrived);
    if (values) arrive({ ...one, values });
    else refuse(one, refusal);
    tellBusy();
    if (isScheduled || !arrived) return;
    if (document.hidden) show();
    else requestAnimationFrame(show);
  }

  function refuse({ follows, ends }, sentence) {
    if (!follows) tell(sentence);
    ends.refused?.(sentence);
    if (!follows) root.cnn.settle(root.cnn.currentView());
  }

  function show() {
    if (!arrived) return;
    const { values, ends, ...one } = arrived;
    arrived = null;
    paint(values, one);
    ends.painted?.(values);
    tellBusy();
    requestAnimationFrame(() => setTimeout(() => [...waiting].forEach((act) => act()), 0));
  }

  // Of requests that follow each other none takes long while there are answers.
  function tellLong(isAwaited) {
    if (isAwaited) {
      isThere = isThere || root.cnn.sayIfLong("values");
    } else {
      isThere?.();
      isThere = null;
    }
  }

  // A screen reader waits with the prediction while it still changes.
  function tellBusy() {
    tellLong(requests.size > 0);
    const prediction = document.getElementById("prediction");
    if (!prediction) return;
    const busy = String(requests.size > 0 || arrived !== null);
    if (prediction.getAttribute("aria-busy") !== busy) prediction.setAttribute("aria-busy", busy);
  }

  // What is on the screen is of the view before, while a server that starts is asked again and again.
  function setLate(isLate) {
    document.body.classList.toggle("late", isLate);
  }

  // Does something when what was asked for is painted, or when that takes long.
  function whenPainted(act) {
    if (!isBusy()) {
      act();
      return;
    }
    const once = () => {
      if (waiting.delete(once)) act();
    };
    waiting.add(once);
    setTimeout(once, LONG_MILLISECONDS);
  }

  const isBusy = () => requests.size > 0 || arrived !== null;

  // Where the values of the open page are, for a view; those of the panel alone where that is all.
  function valuesAddress(view, extra = [], isForPage = root.cnn.differs(view).page) {
    const query = new URLSearchParams([...Object.entries(view), ...extra]);
    const [form, isNetwork] = [root.cnn.heldForm(), root.cnn.openPage() === "network"];
    if (!isForPage || !(form || isNetwork)) return `${root.cnn.addressOf("values", { page: "panel" })}?${query}`;
    if (form) query.append("form", form);
    if (root.cnn.openPage() === "layers") {
      for (const name of root.cnn.shownParts()) query.append("layer", name);
    }
    if (isNetwork) {
      for (const name of root.cnn.shownLayers()) query.append("layer", name);
      const pointed = root.cnn.network.pointedPart();
      if (pointed) query.append("pointed", pointed);
    }
    const [page, layer] = [root.cnn.openPage(), root.cnn.pageLayer()];
    return `${root.cnn.addressOf(layer ? "layer_values" : "values", { page, layer })}?${query}`;
  }

  // The request for what a slider has made of the view by now.
  function movingRequest(changes, moving = "picture") {
    const view = root.cnn.changed(root.cnn.currentView(), changes);
    return { address: valuesAddress(view, [["moving", moving]]), view, moving };
  }

  function tell(sentence) {
    root.set_props("notice", { children: sentence, is_open: true });
  }

  function paint(values, one) {
    const drawn = { pixels: values.pixels, upload: null, erased: null };
    const view = one.isDrawn
      ? values.pixels && root.cnn.changed(root.cnn.currentView(), drawn)
      : one.view;
    root.cnn.paintPanel({ ...values.panel, seen: values.arrays[values.seen], moving: one.moving });
    root.cnn.painted(view || null, !values.page);
    if (!one.moving) closeNotice();
    if (values.page && one.path === location.pathname) {
      const paintPage = root.cnn.painters[root.cnn.openPage()] || root.cnn.paintScreen;
      paintPage(values.page, values.arrays, { ...one, view: view || null });
    }
    root.cnn.settle(view, one.follows);
  }

  function closeNotice() {
    if (document.getElementById("notice")) root.set_props("notice", { is_open: false });
  }

  root.cnn = { ...root.cnn, live, whenPainted, stopLive, isBusy, valuesAddress, movingRequest };
  root.cnn.painters = { ...root.cnn.painters };
})();
