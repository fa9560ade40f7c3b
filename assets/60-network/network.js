// The Network page: the whole network as one picture. Its structure comes from the store of the page,
// its values as bytes from the server: asked for what is in view, painted newest last.
(function () {
  const root = window.dash_clientside;
  const RETRY_MILLISECONDS = 1000;
  const LIVE_MILLISECONDS = 1000;

  const network = (root.cnn.network ||= {});
  let net;
  root.cnn.atStart(() => {
    if (net) net.observer.disconnect();
    net = null;
  });

  function showNetwork(view, structure, explained) {
    const box = document.getElementById("network");
    if (!structure && net && view && net.structure.network === root.cnn.networkOf(view)) structure = net.structure;
    if (!box || !view || !structure || structure.network !== root.cnn.networkOf(view)) return root.no_update;
    const isNew = !net || net.box !== box || net.structure.network !== structure.network;
    const opened = network.openedIn(view, structure.layers);
    if (isNew) start(box, structure, opened);
    if (isNew || net.explained !== Boolean(explained)) {
      net.explained = Boolean(explained);
      network.arrange(net);
    }
    const key = keyOf(view);
    if (key !== net.key) net.live = -LIVE_MILLISECONDS;
    Object.assign(net, { view, key });
    if (!isSame(net.unfolded, opened)) rebuild(opened);
    network.say(net);
    const isComing = !isNew && root.cnn.keepUp(view);
    if (!isComing) {
      fetchShown();
      fetchPointed();
    }
    return root.no_update;
  }

  function isSame(some, others) {
    return some.size === others.size && [...some].every((one) => others.has(one));
  }

  function start(box, structure, unfolded) {
    if (net) net.observer.disconnect();
    net = network.build(box, structure, unfolded);
    Object.assign(net, { requests: 0, live: -LIVE_MILLISECONDS, explained: false, pointed: null, joined: [],
      fed: null, feeding: "" });
    network.sayFolded(net);
    const mine = net;
    net.observer = new ResizeObserver(() => network.rearrange(mine));
    net.observer.observe(box);
    network.say(net);
  }

  // With other blocks open: what is known of a layer stays.
  function rebuild(unfolded) {
    const { box, structure, byName, requests, view, key, explained } = net;
    start(box, structure, unfolded);
    Object.assign(net, { requests, view, key, explained });
    for (const layer of net.layers) {
      const { data, key: of, order, probed, probabilities, winner, percents } = byName.get(layer.name) || layer;
      Object.assign(layer, { data, key: of, order, probed, probabilities, winner, percents });
    }
    network.arrange(net);
    network.say(net);
    fetchShown();
  }

  function opened() {
    return net && net.box.isConnected ? net : null;
  }

  // The lines change nothing of the tiles.
  function keyOf(view) {
    const { network: parts } = root.cnn.rules.parts;
    const seen = Object.entries(view).filter(([name]) => name !== "lines" && parts.includes(name));
    return new URLSearchParams(seen).toString();
  }

  // The channel that is pointed at, as the server is asked for it.
  function pointedPart() {
    const { pointed } = opened() || {};
    return pointed ? `${pointed.layer.channels[pointed.i]}:${pointed.layer.name}` : "";
  }

  function shownLayers() {
    return opened() ? inSightFirst(net.layers.filter(isNear)).map(({ name }) => name) : [];
  }

  // An answer holds so much: what it leaves out is asked for after it.
  function inSightFirst(layers) {
    const away = new Map(layers.map((layer) => [layer, awayBy(layer)]));
    return layers.sort((one, other) => away.get(one) - away.get(other));
  }

  // How far a layer is out of sight, in pixels.
  function awayBy({ section }) {
    const { left, right, top, bottom } = section.getBoundingClientRect();
    return Math.max(0, -right, left - window.innerWidth, -bottom, top - window.innerHeight);
  }

  function isNear({ left, top, width, block }) {
    if (!block) return false;
    const stage = net.stage.getBoundingClientRect();
    if (net.wide) {
      const x = stage.left - net.box.getBoundingClientRect().left + left;
      return x + width > -net.width && x < 2 * net.width;
    }
    const y = stage.top + top;
    return y + block.height > -window.innerHeight && y < 2.5 * window.innerHeight;
  }

  async function fetchShown() {
    const [mine, { key }] = [net, net];
    const wanted = inSightFirst(net.layers.filter((layer) =>
      layer.key !== key && layer.wanted !== key && isNear(layer)));
    if (!wanted.length) return;
    for (const layer of wanted) layer.wanted = key;
    const order = ++net.requests;
    try {
      const got = await ask(key, wanted, isOpening() ? { opening: "1" } : {});
      if (net !== mine) return;
      if (!got.body) again(wanted, got.status);
      else if (key === net.key) keep(got.body.page, got.body.arrays, key, order);
      if (got.body) askForRest(wanted, key);
    } catch {
      again(wanted, 0);
    }
  }

  function askForRest(layers, key) {
    const left = layers.filter((layer) => layer.wanted === key && layer.key !== key);
    for (const layer of left) layer.wanted = "";
    if (left.length && left.length < layers.length) fetchShown();
  }

  // What a page opens with is kept by the server for the time in which it starts.
  function isOpening() {
    return !net.layers.some(({ data }) => data);
  }

  async function ask(key, layers, more = {}) {
    const query = new URLSearchParams(key);
    for (const [name, value] of Object.entries(more)) query.append(name, value);
    for (const { name } of layers) query.append("layer", name);
    const got = await fetch(`${root.cnn.addressOf("values", { page: "network" })}?${query}`);
    return { status: got.status, body: got.ok ? root.cnn.unpack(await got.arrayBuffer()) : null };
  }

  // What the channel that is pointed at is connected to: one request at a time, the newest wins.
  async function fetchPointed() {
    const [mine, { key, pointed }] = [net, net];
    const wanted = wantedLines(net);
    if (!pointed || !key || net.feeding || (net.fed && net.fed.lines === wanted)) return;
    const live = LIVE_MILLISECONDS - (performance.now() - net.live);
    if (live > 0) {
      setTimeout(() => opened() === mine && fetchPointed(), live);
      return;
    }
    net.feeding = wanted;
    try {
      const lines = net.view.lines ? { lines: net.view.lines } : {};
      const { body } = await ask(key, [pointed.layer], { ...lines, pointed: pointedPart() });
      if (net !== mine) return;
      if (body && wanted === wantedLines(net)) keepPointed(body.page.pointed, body.arrays, wanted);
      net.feeding = "";
      if (body && wanted !== wantedLines(net)) fetchPointed();
    } catch {
      mine.feeding = "";
    }
  }

  function wantedLines({ key, view }) {
    return [key, view.lines || "", pointedPart()].join("\n");
  }

  function keepPointed(connections, arrays, lines) {
    if (!connections) return;
    net.fed = { lines, part: `${connections.channel}:${connections.layer}`, sides: connections.sides, arrays };
    network.highlight(net);
  }

  // What could not be had is asked for again while the server starts or does not answer.
  function again(layers, status) {
    for (const layer of layers) layer.wanted = "";
    if (status === 0 || status === 503) {
      setTimeout(() => opened() && fetchShown(), RETRY_MILLISECONDS);
    }
  }

  function fetchScrolled() {
    if (net.key && performance.now() - net.live > LIVE_MILLISECONDS) fetchShown();
  }

  // A drawing that still moves has no key: it is no view yet.
  function paintLive(page, arrays, { view, moving }) {
    if (!opened()) return;
    if (moving) net.live = performance.now();
    const key = view ? keyOf(view) : "live";
    keep(page, arrays, key, ++net.requests);
    keepPointed(page.pointed, arrays, view ? wantedLines({ key, view }) : "live");
    root.cnn.painted(view, true);
    if (!moving && key === net.key) {
      fetchShown();
      fetchPointed();
    }
  }

  function keep(page, arrays, key, order) {
    const kept = page.layers.filter((one) => keepOne(one, arrays, key, order));
    if ("probabilities" in page) keepProbabilities(page, arrays, key, order);
    if (kept.some(({ name }) => network.isReshaped(net.byName.get(name)))) network.arrange(net);
    else for (const { name } of kept) network.paint(net, net.byName.get(name));
    if (network.paintLegend(net, page.scale)) network.rearrange(net);
    network.say(net);
  }

  function keepOne(one, arrays, key, order) {
    const layer = net.byName.get(one.name);
    if (!layer || order < layer.order) return false;
    const data = { ...one, tiles: arrays[one.tiles], peaks: arrays[one.peaks].values };
    Object.assign(layer, { data, key, order, wanted: "" });
    return !layer.rows;
  }

  function keepProbabilities({ probabilities, winner, percents }, arrays, key, order) {
    const classes = net.layers.find((layer) => layer.rows);
    if (!classes || order < classes.probed) return;
    const { values } = arrays[probabilities];
    Object.assign(classes, { probabilities: values, winner, percents, key, probed: order, wanted: "" });
    if (network.paintClasses(net, classes) && net.pointed) network.highlight(net);
  }

  Object.assign(network, { opened, rebuild, fetchScrolled, fetchPointed, pointedPart });
  root.cnn = { ...root.cnn, showNetwork, shownLayers,
    painters: { ...root.cnn.painters, network: paintLive } };
})();
