// Lines of the Network page: ribbons between layers that follow each other, detours past others, and
// threads between the channel that is pointed at and those that feed it or that it feeds.
(function () {
  const root = window.dash_clientside;
  const network = (root.cnn.network ||= {});
  const TRACK = 10;
  const MOST_TRACKS = 6;
  const AROUND = 14;
  const SIGNED = ["contribution", "weight"];

  // ---- Between layers.

  function allEdges({ layers }) {
    return layers.flatMap((layer) => layer.sources.map((source) => [source, layer]));
  }

  // Edges past other columns, each on a track along the border that is free there.
  function tracks(net) {
    const taken = [];
    const of = new Map();
    const span = ([a, b]) => b.column - a.column;
    const long = allEdges(net).filter((edge) => span(edge) > 1);
    for (const [a, b] of long.sort((one, two) => span(one) - span(two))) {
      let track = taken.findIndex((spans) =>
        spans.every(([from, to]) => to <= a.column || from >= b.column));
      if (track < 0) track = taken.length < MOST_TRACKS ? taken.push([]) - 1 : MOST_TRACKS - 1;
      taken[track].push([a.column, b.column]);
      of.set(a.name + "\n" + b.name, track);
    }
    return { of, thickness: taken.length ? taken.length * TRACK + AROUND : 0 };
  }

  function drawEdges(net) {
    net.edges.innerHTML = allEdges(net).map(([a, b]) => {
      const track = net.tracks.of.get(a.name + "\n" + b.name);
      const kind = track === undefined ? "net-ribbon" : "net-detour";
      const shape = track === undefined ? ribbon(net, a.block, b.block) : detour(net, a.block, b.block, track);
      const ends = `data-from="${attribute(a.name)}" data-to="${attribute(b.name)}"`;
      return `<path class="${kind}" ${ends} d="${shape}" style="--family:${b.colour}"/>`;
    }).join("");
  }

  function attribute(text) {
    return text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
  }

  function ribbon(net, a, b) {
    if (!net.wide) return ribbonDown(a, b);
    const [x1, x2] = [a.x + a.width + 3, b.x - 3];
    const middle = (x1 + x2) / 2;
    return `M${x1},${a.y}C${middle},${a.y} ${middle},${b.y} ${x2},${b.y}V${b.y + b.height}` +
      `C${middle},${b.y + b.height} ${middle},${a.y + a.height} ${x1},${a.y + a.height}Z`;
  }

  function ribbonDown(a, b) {
    const [y1, y2] = [a.y + a.height + 3, b.y - 3];
    const middle = (y1 + y2) / 2;
    return `M${a.x},${y1}C${a.x},${middle} ${b.x},${middle} ${b.x},${y2}H${b.x + b.width}` +
      `C${b.x + b.width},${middle} ${a.x + a.width},${middle} ${a.x + a.width},${y1}Z`;
  }

  function detour(net, a, b, track) {
    if (!net.wide) return detourDown(net, a, b, track);
    const along = net.bottom + 16 + track * TRACK;
    const [x1, x2] = [a.x + a.width + 3, b.x - 3];
    const [y1, y2] = [a.y + a.height - 4, b.y + b.height - 4];
    const [after, before] = [x1 + 26, x2 - 26];
    return `M${x1},${y1}C${x1 + 20},${y1} ${x1 + 6},${along} ${after},${along}` +
      `H${before}C${x2 - 6},${along} ${x2 - 20},${y2} ${x2},${y2}`;
  }

  function detourDown(net, a, b, track) {
    const along = net.width - 6 - track * TRACK;
    const [x1, x2] = [a.x + a.width + 2, b.x + b.width + 2];
    const [y1, y2] = [a.y + a.height / 2, b.y + b.height / 2];
    return `M${x1},${y1}Q${along},${y1} ${along},${y1 + 14}V${y2 - 14}Q${along},${y2} ${x2},${y2}`;
  }

  // ---- Between channels.

  function drawLinks(net) {
    const { pointed, joined } = net;
    const own = pointed && network.tileBox(pointed.layer, pointed.i);
    net.links.innerHTML = own ? around(pointed) + bundles(net, joined, own) : "";
  }

  function around({ layer, i }) {
    return layer.channels.map((_, other) =>
      other === i ? "" : veil(network.tileBox(layer, other), 0.4)).join("");
  }

  function bundles(net, joined, own) {
    const drawings = joined.map((one) => bundle(net, one, own));
    const all = (part) => drawings.map((one) => one[part]).join("");
    return all("veils") + all("lines") + frame(own, "net-own") + all("labels");
  }

  // The stronger a channel is connected, the thicker its thread, and the less it is veiled.
  function bundle(net, one, own) {
    const all = { veils: "", lines: "", labels: "" };
    const strongest = one.strongest.map(({ i }) => i);
    one.amounts.forEach((amount, i) => {
      const box = network.tileBox(one.layer, i);
      if (!box) return;
      const share = shareOf(one, amount);
      all.veils += veil(box, 0.5 * (1 - share));
      if (!share) return;
      all.lines += one.isSource ? thread(net, one, box, own, amount) : thread(net, one, own, box, amount);
      if (one.kind === "channel" || strongest.includes(i)) all.labels += frame(box, "net-joined");
      if (strongest.includes(i)) all.labels += label(net, box, amount, one.isSource);
    });
    return all;
  }

  function shareOf({ kind, most }, amount) {
    if (Number.isNaN(amount)) return 0;
    return kind === "channel" ? 1 : Math.abs(amount) / (most || 1);
  }

  function veil(box, opacity) {
    if (!box || opacity < 0.04) return "";
    const { x, y, width, height } = box;
    return `<rect class="net-veil" x="${x}" y="${y}" width="${width}" height="${height}" opacity="${opacity.toFixed(2)}"/>`;
  }

  function frame({ x, y, width, height }, kind) {
    return `<rect class="${kind}" x="${x - 1}" y="${y - 1}" width="${width + 2}" height="${height + 2}" rx="2"/>`;
  }

  function thread(net, one, from, to, amount) {
    const weight = shareOf(one, amount) ** 1.5;
    const sign = amount < 0 ? "minus" : "plus";
    const kind = SIGNED.includes(one.kind) ? sign : "norm";
    const [wide, clear] = [(0.7 + 3 * weight).toFixed(2), (0.15 + 0.8 * weight).toFixed(2)];
    return `<path class="net-link ${kind}" d="${bow(net, from, to)}" stroke-width="${wide}" opacity="${clear}"/>`;
  }

  function bow(net, a, b) {
    if (net.wide) {
      const [x1, y1, x2, y2] = [a.x + a.width, a.y + a.height / 2, b.x, b.y + b.height / 2];
      const bend = (x2 - x1) / 2;
      return `M${x1},${y1}C${x1 + bend},${y1} ${x2 - bend},${y2} ${x2},${y2}`;
    }
    const [x1, y1, x2, y2] = [a.x + a.width / 2, a.y + a.height, b.x + b.width / 2, b.y];
    const bend = (y2 - y1) / 2;
    return `M${x1},${y1}C${x1},${y1 + bend} ${x2},${y2 - bend} ${x2},${y2}`;
  }

  function label(net, box, amount, isSource) {
    const x = net.wide ? (isSource ? box.x + box.width + 5 : box.x - 5) : box.x + box.width / 2;
    const y = net.wide ? box.y + box.height / 2 + 4 : isSource ? box.y + box.height + 12 : box.y - 4;
    const anchor = net.wide ? (isSource ? "start" : "end") : "middle";
    return `<text class="net-number" x="${x}" y="${y}" text-anchor="${anchor}">${network.number(amount)}</text>`;
  }

  Object.assign(network, { tracks, drawEdges, drawLinks });
})();
