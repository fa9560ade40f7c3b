// The elements of the Network page, made once per model: a section per layer, with its header, its
// channels on one canvas or its classes as rows, and a line of what is not shown.
(function () {
  const root = window.dash_clientside;
  const network = (root.cnn.network ||= {});
  const MOST_LETTERS = 34;

  function build(box, structure, unfolded) {
    const stage = element("div", "net-stage");
    const [edges, links] = [svg("net-edges"), svg("net-links")];
    const tables = {
      sequential: colourTable(structure.sequential),
      diverging: colourTable(structure.diverging),
    };
    const layers = network.folded(structure.layers, unfolded).map((described) => makeLayer(described));
    const byName = new Map(layers.map((layer) => [layer.name, layer]));
    for (const layer of layers) {
      layer.sources = layer.inputs.map((name) => byName.get(name));
      layer.targets = layers.filter((other) => other.inputs.includes(layer.name));
    }
    const columns = [];
    for (const layer of layers) (columns[layer.column] ||= []).push(layer);
    stage.append(edges, ...layers.map(({ section }) => section), links);
    box.replaceChildren(stage);
    return { box, structure, unfolded, stage, edges, links, tables, layers, byName, columns };
  }

  function element(tag, className, text) {
    const made = document.createElement(tag);
    made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function svg(className) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    made.setAttribute("class", className);
    made.setAttribute("aria-hidden", "true");
    return made;
  }

  // Colours for the places in a scale, as a canvas stores them.
  function colourTable(digits) {
    const table = new Uint32Array(digits.length / 6);
    for (let i = 0; i < table.length; i++) {
      const [r, g, b] = [0, 2, 4].map((at) => parseInt(digits.slice(6 * i + at, 6 * i + at + 2), 16));
      table[i] = (255 << 24) | (b << 16) | (g << 8) | r;
    }
    return table;
  }

  function makeLayer(described) {
    const title = described.title || described.name;
    const layer = { ...described, title, data: null, key: "", order: 0, probed: 0 };
    const isClasses = layer.form === "classes";
    layer.section = element("section", "net-layer");
    layer.section.style.setProperty("--family", layer.colour);
    layer.head = header(layer);
    layer.face = isClasses ? element("div", "net-classes") : tiles(layer);
    layer.foot = foot(layer);
    layer.section.append(layer.head, layer.face, layer.foot);
    if (isClasses) layer.rows = rows(layer);
    return layer;
  }

  function header(layer) {
    const head = element("header", "net-head");
    const link = element("a", "net-name keeps-view");
    link.href = layer.href;
    link.title = layer.title;
    link.append(...breakable(shortened(layer.title)));
    if (layer.title.length > MOST_LETTERS) link.setAttribute("aria-label", layer.title);
    const caption = element("span", "net-caption");
    const kind = element("span", "net-kind", layer.kind);
    kind.title = layer.kind;
    caption.append(element("span", "net-shape", layer.shape), " ", kind);
    head.append(link, ...network.foldButton(layer), caption, element("p", "net-explanation", layer.explanation));
    return head;
  }

  // Two lines of a header hold so much; what differs is at both ends.
  function shortened(text) {
    const half = MOST_LETTERS / 2 - 1;
    return text.length > MOST_LETTERS ? `${text.slice(0, half)}…${text.slice(-half)}` : text;
  }

  // A long name may break behind its underscores and slashes.
  function breakable(text) {
    const parts = text.split(/(?<=[_/ ])/);
    return parts.flatMap((part, i) => (i ? [document.createElement("wbr"), part] : [part]));
  }

  function tiles(layer) {
    const canvas = element("canvas", "net-tiles");
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "application");
    const what = layer.form === "units" ? "Units" : "Channels";
    canvas.setAttribute("aria-label", `${what} of ${layer.name}`);
    canvas.setAttribute("aria-describedby", "network-status");
    layer.atlas = document.createElement("canvas");
    return canvas;
  }

  function foot(layer) {
    const made = element("div", "net-foot");
    if (!hasMore(layer)) return made;
    const { channels, total } = layer;
    made.textContent = count(total - channels.length);
    made.title = `${channels.length} of ${total.toLocaleString("en")}: every ${ordinal(channels[1])}`;
    return made;
  }

  function hasMore({ form, total, channels }) {
    return form !== "classes" && channels.length < total;
  }

  function count(more) {
    return more > 0 ? "+" + more.toLocaleString("en") : "";
  }

  function ordinal(n) {
    const ending = n % 100 > 10 && n % 100 < 14 ? "th" : ["th", "st", "nd", "rd"][n % 10] || "th";
    return n + ending;
  }

  function rows(layer) {
    return Array.from({ length: layer.rowCount }, () => {
      const row = element("a", "net-class keeps-view");
      row.href = layer.href;
      const [name, track] = [element("span", "net-class-name"), element("span", "net-track")];
      const fill = element("span", "net-fill");
      const share = element("span", "net-share");
      track.append(fill);
      row.append(name, track, share);
      layer.face.append(row);
      return { row, name, fill, share, index: -1 };
    });
  }

  Object.assign(network, { build, element, count, hasMore });
})();
