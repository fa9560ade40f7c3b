// The page "All layers" of a large network. Its parts follow each other: the next comes when the end of the last is
// near the window, the tiles of one that is far away are let go, and its place keeps its height. Where one is stands
// behind the # of the address, so that a reload, and the way back, open that part.
(function () {
  const root = window.dash_clientside;
  const [TILES, PARTS, END, STORE] = ["layers-tiles", "layers-parts", "layers-end", "layers-window"];
  const NEAR_PIXELS = 500;
  // So far down the window, in percent, is what one looks at.
  const LINE = 25;

  // The places of all parts, the first and the last that has been opened, where one is, how many figures are painted,
  // and what was asked for last.
  let boxes, opened, here, painted, asked;
  root.cnn.atStart(() => {
    [boxes, opened, here, painted, asked] = [[], [0, 0], 0, 0, ""];
  });

  const layersOf = (box) => JSON.parse(box.dataset.layers);
  const firstOf = (box) => layersOf(box)[0];
  const isThere = (box) => box.querySelector("section") !== null;
  const areHere = () => boxes.length > 1 && boxes[0].isConnected;

  // Called when the parts of a model have arrived, which may be on the page a little later.
  function openParts() {
    root.cnn.markCurrent();
    setTimeout(begin, 0);
  }

  function begin() {
    const links = document.querySelectorAll(`#${PARTS} a`);
    boxes = [.../** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(`#${TILES} > .tiles`))];
    if (!links.length) return;
    if (boxes.length !== links.length) {
      requestAnimationFrame(begin);
      return;
    }
    const wanted = decodeURIComponent(location.hash.slice(1)) || root.cnn.pageLayer();
    for (const box of [...boxes, document.getElementById(END)]) near.observe(box);
    for (const box of boxes) line.observe(box);
    openAt(Math.max(0, boxes.findIndex((box) => layersOf(box).includes(wanted))));
  }

  function openAt(at) {
    for (const box of boxes) box.style.minHeight = "";
    [opened, here, painted, asked] = [[at, at], at, 0, ""];
    show([at]);
    tellPlace();
  }

  const near = new IntersectionObserver(follow, { rootMargin: `${NEAR_PIXELS}px 0px` });
  const line = new IntersectionObserver(look, { rootMargin: `-${LINE}% 0px -${99 - LINE}% 0px` });

  function look() {
    if (!areHere()) return;
    const height = (innerHeight * LINE) / 100;
    const at = boxes.findIndex((box) => box.offsetHeight > 0 && box.getBoundingClientRect().bottom > height);
    if (at >= opened[0] && at <= opened[1]) here = at;
    tellPlace();
  }

  function isNear(element) {
    const { top, bottom } = element.getBoundingClientRect();
    return bottom > -NEAR_PIXELS && top < innerHeight + NEAR_PIXELS;
  }

  function follow() {
    if (!areHere()) return;
    const [from, to] = opened;
    const seen = boxes.map((_, i) => i).filter((i) => i >= from && i <= to && isNear(boxes[i]));
    if (isPainted() && to + 1 < boxes.length && isNear(document.getElementById(END))) {
      opened = [from, to + 1];
      seen.push(to + 1);
    }
    if (seen.length) show(seen);
  }

  const isPainted = () => painted > 0 && painted === document.querySelectorAll(`#${TILES} section`).length;

  function show(places) {
    const [shown, there] = [places.map((i) => boxes[i]), boxes.filter(isThere)];
    if (shown.length === there.length && shown.every(isThere)) return;
    for (const box of there) if (!shown.includes(box)) box.style.minHeight = `${box.offsetHeight}px`;
    const data = { shown: shown.map(firstOf), there: there.map(firstOf) };
    if (asked === JSON.stringify(data)) return;
    asked = JSON.stringify(data);
    root.set_props(STORE, { data });
  }

  // The figures have come, or are of another view: a step on the way back has lost the place by then.
  function receive({ layers }) {
    painted = layers;
    if (!areHere()) return;
    for (const box of boxes) if (isThere(box)) box.style.minHeight = "";
    look();
    requestAnimationFrame(follow);
  }

  function tellPlace() {
    const first = firstOf(boxes[here]);
    const isOfPath = root.cnn.pageLayer() ? layersOf(boxes[here]).includes(root.cnn.pageLayer()) : here === 0;
    const hash = isOfPath ? "" : `#${encodeURIComponent(first)}`;
    if (location.hash !== hash) {
      history.replaceState(history.state, "", location.pathname + location.search + hash);
    }
    setTimeout(mark, 0);
  }

  function mark() {
    document.querySelectorAll(`#${PARTS} a`).forEach((link, i) => {
      link.classList.toggle("active", i === here);
      if (i === here) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    });
  }

  window.addEventListener("resize", () => {
    if (areHere()) setTimeout(mark, 0);
  });

  // A link to a part that is open leads there; so does one with the path of the page, where Dash has nothing to do.
  document.addEventListener("click", (event) => {
    const link = /** @type {Element} */ (event.target).closest(`#${PARTS} a`);
    if (!link || !areHere() || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const at = [...document.querySelectorAll(`#${PARTS} a`)].indexOf(link);
    const isOpen = at >= opened[0] && at <= opened[1];
    if (!isOpen && new URL(/** @type {HTMLAnchorElement} */ (link).href).pathname !== location.pathname) return;
    event.preventDefault();
    event.stopPropagation();
    if (isOpen) boxes[at].scrollIntoView();
    else openAt(at);
  }, true);

  // The parts whose figures the browser holds, each by its first layer; none where there is only one.
  function shownParts() {
    if (!areHere()) return [];
    const held = new Set(Object.keys(root.cnn.heldFigures()).map((place) => JSON.parse(place).layer));
    return boxes.filter((box) => layersOf(box).some((layer) => held.has(layer))).map(firstOf);
  }

  root.cnn = { ...root.cnn, openParts, shownParts };
  root.cnn.receivers[END] = receive;
})();
