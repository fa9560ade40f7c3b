// What feeds a channel and what it feeds, as the server told it last: for the lines, and in words. Both
// have the same numbers, those of the channels that are drawn; of hidden ones it is said that they are.
(function () {
  const root = window.dash_clientside;
  const network = (root.cnn.network ||= {});
  const LABELLED = 3;
  const LINES = {
    contribution: "Point at a channel to see the lines to those that feed it and that it feeds. From unit " +
      "to unit a line is weight × value: what is added to the sum for this picture, or, dashed, taken " +
      "from it. To a map it is what is added at its strongest cell. The thicker, the more.",
    weight: "Point at a channel to see the lines to those that feed it and that it feeds. From unit to " +
      "unit a line is the weight, dashed where it is negative; from map to map the norm of the kernel. " +
      "They are the same for every picture. The thicker, the stronger.",
  };

  // The connections of the channel that is pointed at, to both sides, as far as they are known by now.
  function connectionsOf(net) {
    if (!net.fed || net.fed.part !== network.pointedPart()) return [];
    const drawn = net.fed.sides.filter(({ layer }) => net.byName.has(layer));
    return drawn.map((connection) => side(net, connection));
  }

  function side(net, connection) {
    const layer = net.byName.get(connection.layer);
    const amounts = [...net.fed.arrays[connection.amounts].values];
    const most = connection.kind === "channel" ? [] : strongest(layer, amounts);
    return { ...connection, layer, amounts, strongest: most };
  }

  // The strongest of those that are drawn, as places among them.
  function strongest(layer, amounts) {
    const drawn = [...amounts.keys()].filter((i) => amounts[i] && network.tileBox(layer, i));
    const order = drawn.sort((a, b) => Math.abs(amounts[b]) - Math.abs(amounts[a]));
    return order.slice(0, LABELLED).map((i) => ({ i, amount: amounts[i] }));
  }

  // ---- In words.

  function say(net) {
    const place = document.getElementById("network-status");
    if (!place) return;
    const text = net.pointed ? inWords(net) : atRest(net);
    if (place.textContent !== text) place.textContent = text;
  }

  function atRest({ layers, view, structure: { mostSide } }) {
    const reduced = layers.some(({ data }) =>
      data && (data.tiles.shape[1] < data.size[0] || data.tiles.shape[2] < data.size[1]));
    return LINES[(view && view.lines) || root.cnn.rules.defaults.lines] +
      (reduced ? ` Maps of more than ${mostSide} cells on a side are shown as means of blocks.` : "");
  }

  function inWords({ structure: { classes }, pointed: { layer, i }, joined }) {
    const sentences = [`${called(layer, i, classes)}: ${valueOf(layer, i)}.`];
    const real = joined.filter(({ kind, count }) => count || kind === "unknown");
    const [fed, feeds] = [true, false].map((way) => real.filter((one) => one.isSource === way));
    const parts = (all) => [...new Set(all.map((one) => part(one, classes)))].join("; ");
    if (fed.length) sentences.push(`${where(fed[0].sum)} ${parts(fed)}${made(fed[0].sum)}.`);
    if (feeds.length) sentences.push(`Feeds ${parts(feeds)}.`);
    return sentences.join(" ");
  }

  function called(layer, i, classes) {
    if (layer.form === "classes") return `${layer.title} class ${classes[i]}`;
    return `${layer.name} ${layer.form === "units" ? "unit" : "channel"} ${layer.channels[i]}`;
  }

  function valueOf(layer, i) {
    if (layer.form === "classes") {
      return layer.probabilities ? "probability " + network.percentOf(layer, i) : "no value yet";
    }
    if (!layer.data) return "no value yet";
    const value = layer.data.peaks[i];
    if (!Number.isFinite(value)) return "not finite here (NaN or infinite)";
    if (value === 0 && layer.form !== "units") return "silent here (zero everywhere)";
    return (layer.form === "units" ? "value " : "strongest value ") + number(value) + " here";
  }

  // A map has a sum per cell: which one is told.
  function where(sum) {
    if (!sum || !sum.cell.length) return "Fed";
    const cell = sum.cell.length === 2
      ? `row ${sum.cell[0]}, column ${sum.cell[1]}` : `place ${sum.cell.join(", ")}`;
    return `At ${cell}, where ${sum.isSilent ? "its sum is largest" : "it is strongest"}, fed`;
  }

  function made(sum) {
    if (!sum) return "";
    const bias = sum.bias ? `all inputs and the bias of ${number(sum.bias)}` : "all inputs";
    return `; ${bias} make a sum of ${number(sum.total)}`;
  }

  function part(one, classes) {
    const { layer, kind, isSource } = one;
    const by = isSource ? "by " : "";
    if (kind === "unknown") return `${by}${layer.title} in a way that is not known channel by channel`;
    if (kind === "channel") return `${by}${layer.title}, ${handedOn(one, classes)}`;
    if (!one.most) return isSource ? `nothing by ${layer.title} for this picture` : `${layer.title} nothing for this picture`;
    const named = one.strongest.map(({ i, amount }) => `${nameOf(layer, i, classes)} (${number(amount)})`);
    const most = one.count > 1 ? (isSource ? "most " : "most strongly ") : "";
    const drawn = named.length ? `${noun(layer.form, one.count)} ${named.join(", ")}` : "none of those drawn";
    return `${most}${by}${layer.title}, ${drawn}${hidden(one, classes)}`;
  }

  function handedOn({ layer, amounts, count }, classes) {
    const drawn = [...amounts.keys()].filter((i) => amounts[i] && network.tileBox(layer, i));
    const named = drawn.slice(0, LABELLED).map((i) => nameOf(layer, i, classes));
    const more = (count - named.length).toLocaleString("en");
    if (!named.length) return `${noun(layer.form, count)} not drawn (${more})`;
    return `${noun(layer.form, count)} ${named.join(", ")}${count > named.length ? ` and ${more} more` : ""}`;
  }

  // What is not drawn: channels that have no tile, and classes that have no row.
  function hidden({ layer, amounts, hidden: count, firstHidden }, classes) {
    const missing = [...amounts.keys()].filter((i) => amounts[i] && !network.tileBox(layer, i));
    const others = missing.map((i) => [nameOf(layer, i, classes), amounts[i]]);
    if (firstHidden) others.push(firstHidden);
    if (!others.length) return "";
    const [name, amount] = others.reduce((a, b) => (Math.abs(b[1]) > Math.abs(a[1]) ? b : a));
    const all = (count + missing.length).toLocaleString("en");
    return ` (of ${all} not drawn the strongest is ${name}, with ${number(amount)})`;
  }

  function nameOf({ form, channels }, i, classes) {
    return form === "classes" ? classes[i] : channels[i];
  }

  function noun(form, count) {
    const [one, many] = {
      maps: ["channel", "channels"], units: ["unit", "units"], classes: ["class", "classes"],
    }[form];
    return count === 1 ? one : many;
  }

  function number(value) {
    return String(Number(value.toPrecision(3))).replaceAll("-", "−");
  }

  Object.assign(network, { connectionsOf, say, number });
})();
