// Pointing at a channel, with a mouse, a finger or the keys: what it is connected to is highlighted.
(function () {
  const root = window.dash_clientside;
  const network = (root.cnn.network ||= {});
  const SIDES = {
    ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1],
  };

  function point(net, layer, i) {
    const { pointed } = net;
    if (pointed && pointed.layer === layer && pointed.i === i) return;
    net.pointed = layer ? { layer, i } : null;
    highlight(net);
    network.fetchPointed();
  }

  function highlight(net) {
    const { pointed } = net;
    net.joined = pointed ? network.connectionsOf(net) : [];
    mark(net);
    network.drawLinks(net);
    network.say(net);
  }

  function mark({ stage, layers, edges, pointed }) {
    const lit = new Set(pointed ? [pointed.layer, ...pointed.layer.sources, ...pointed.layer.targets] : []);
    stage.classList.toggle("pointing", Boolean(pointed));
    document.getElementById("network-status").classList.toggle("telling", Boolean(pointed));
    for (const layer of layers) layer.section.classList.toggle("joined", lit.has(layer));
    for (const path of edges.children) {
      const { from, to } = path.dataset;
      const name = pointed && pointed.layer.name;
      path.classList.toggle("joined", from === name || to === name);
    }
  }

  // ---- Mouse and finger.

  let pointer, touched, tapped;
  root.cnn.atStart(() => ([pointer, touched, tapped] = [null, false, null]));

  document.addEventListener("pointermove", (event) => {
    const net = network.opened();
    if (!net || event.pointerType === "touch") return;
    const { clientX, clientY, target } = event;
    pointer = { clientX, clientY };
    follow(net, { clientX, clientY, target });
  });

  function follow(net, place) {
    const here = at(net, place);
    if (here) point(net, here.layer, here.i);
    else if (net.pointed && (!isFocused(net) || net.box.contains(place.target))) point(net, null);
  }

  function isFocused(net) {
    return net.stage.contains(document.activeElement);
  }

  // The layer and the channel at a place of the window.
  function at(net, { target, clientX, clientY }) {
    const layer = layerOf(net, target);
    if (!layer) return null;
    if (layer.rows) return { layer, i: Number(target.closest(".net-class").dataset.index) };
    const bounds = layer.face.getBoundingClientRect();
    const { columns, gap, tileWidth, tileHeight } = layer.grid;
    const column = Math.floor((clientX - bounds.left) / (tileWidth + gap));
    const row = Math.floor((clientY - bounds.top) / (tileHeight + gap));
    const i = row * columns + column;
    const isTile = column >= 0 && column < columns && i >= 0 && i < layer.channels.length;
    return isTile ? { layer, i } : null;
  }

  // The layer whose tiles, or a row of whose classes, an element is.
  function layerOf(net, element) {
    const part = element.closest && element.closest(".net-tiles, .net-class[data-index]");
    return part ? net.layers.find(({ section }) => section.contains(part)) : undefined;
  }

  document.addEventListener("pointerdown", (event) => {
    touched = event.pointerType === "touch";
  });

  document.addEventListener("click", (event) => {
    const net = network.opened();
    if (!net || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const here = at(net, event);
    const link = event.target.closest("#network a");
    if (here || link) event.preventDefault();
    if (here) choose(net, { ...here, cell: network.cellAt(event)?.place }, event.detail === 0);
    else if (link) go(net, new URL(link.href).pathname + location.search);
    else if (touched && net.box.contains(event.target)) point(net, null);
    if (!here) tapped = null;
  });

  // A first tap shows the connections, as a pointer does; a second one opens.
  function choose(net, here, byKey) {
    const again = tapped && tapped.layer === here.layer && tapped.i === here.i;
    tapped = here;
    point(net, here.layer, here.i);
    if (!touched || again || byKey) open(net, here);
  }

  function open(net, { layer, i, cell }) {
    point(net, null);
    root.cnn.goToCell(layer.href, net.view, { channel: layer.channels[i], ...cell });
  }

  function go(net, address) {
    point(net, null);
    root.cnn.goTo(address);
    window.scrollTo(0, 0);
  }

  let waits = false;
  document.addEventListener("scroll", () => {
    if (waits || !network.opened()) return;
    waits = true;
    requestAnimationFrame(() => {
      waits = false;
      const net = network.opened();
      if (net) scrolled(net);
    });
  }, { capture: true, passive: true });

  // Under a pointer that rests, the network has moved.
  function scrolled(net) {
    network.hintAtMore(net);
    network.fetchScrolled();
    if (!pointer || touched || isFocused(net)) return;
    const target = document.elementFromPoint(pointer.clientX, pointer.clientY);
    if (target) follow(net, { ...pointer, target });
  }

  window.addEventListener("resize", () => {
    const net = network.opened();
    if (net) network.rearrange(net);
  });

  // ---- Keys.

  document.addEventListener("keydown", (event) => {
    const net = network.opened();
    const layer = net && layerOf(net, event.target);
    if (!layer || event.ctrlKey || event.metaKey || event.altKey) return;
    if (press(net, here(net, layer, event.target), event.key)) event.preventDefault();
  });

  function here({ pointed }, layer, element) {
    if (layer.rows) return { layer, i: Number(element.dataset.index) };
    return { layer, i: pointed && pointed.layer === layer ? pointed.i : 0 };
  }

  function press(net, place, key) {
    const { layer } = place;
    const ends = { Home: 0, End: (layer.rows || layer.channels).length - 1 };
    if (key in SIDES) focus(net, beside(net, place, ...SIDES[key]) || place);
    else if (key in ends) focus(net, { layer, i: layer.rows ? layer.rows[ends[key]].index : ends[key] });
    else if (key === "Enter" || key === " ") open(net, place);
    else if (key === "Escape") point(net, null);
    else return false;
    return true;
  }

  // The tile next to one, in its layer or in the layer that lies there; nothing at the border.
  function beside(net, { layer, i }, right, down) {
    return within(layer, i, right, down) || across(net, layer, i, right, down);
  }

  function within(layer, i, right, down) {
    const { columns } = layer.grid;
    const at = layer.rows ? layer.rows.findIndex((row) => row.index === i) : i;
    const column = (at % columns) + right;
    const next = at + right + down * columns;
    if (column < 0 || column >= columns || next < 0 || next >= (layer.rows || layer.channels).length) return null;
    return { layer, i: layer.rows ? layer.rows[next].index : next };
  }

  function across(net, layer, i, right, down) {
    const [along, aside] = net.wide ? [right, down] : [down, right];
    const near = net.layers.filter((other) => along
      ? other.column === layer.column + along
      : other.column === layer.column && other.lane === layer.lane + aside);
    return nearest(near, network.tileBox(layer, i));
  }

  function nearest(layers, from) {
    const places = layers.flatMap((layer) => layer.channels.map((_, i) => ({ layer, i })));
    const distances = places.map(({ layer, i }) => distance(network.tileBox(layer, i), from));
    return places[distances.indexOf(Math.min(...distances))];
  }

  function distance(box, from) {
    if (!box) return Infinity;
    const x = box.x + box.width / 2 - from.x - from.width / 2;
    const y = box.y + box.height / 2 - from.y - from.height / 2;
    return Math.hypot(x, y);
  }

  function focus(net, { layer, i }) {
    point(net, layer, i);
    const row = layer.rows && layer.rows.find(({ index }) => index === i).row;
    (row || layer.face).focus();
  }

  // For arrows that are pressed elsewhere: the tiles of the layer whose header has the focus, or of
  // the first one, take it.
  function focusNetwork() {
    const net = network.opened();
    if (!net || !net.width) return false;
    const { activeElement } = document;
    const layer = net.layers.find(({ section }) => section.contains(activeElement)) || net.layers[0];
    if (layerOf(net, activeElement)) return false;
    focus(net, { layer, i: 0 });
    return true;
  }

  document.addEventListener("focusin", ({ target }) => {
    const net = network.opened();
    const layer = net && !touched && target.matches && target.matches(":focus-visible") && layerOf(net, target);
    if (layer) {
      const { i } = here(net, layer, target);
      point(net, layer, i);
    }
  });

  document.addEventListener("focusout", ({ target, relatedTarget }) => {
    const net = network.opened();
    const isLeft = net && net.stage.contains(target) && !(relatedTarget && layerOf(net, relatedTarget));
    if (isLeft) point(net, null);
  });

  Object.assign(network, { highlight, at });
  root.cnn = { ...root.cnn, focusNetwork };
})();
