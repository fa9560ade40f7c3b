// What feeds a channel and what it feeds: asked for once per layer, and told in words.
(function () {
  const root = (window.dash_clientside = window.dash_clientside || {});
  const { network } = root.cnn;
  const strengths = new Map();

  // The connections of one channel, to both sides, as far as they are known by now.
  function connectionsOf(net, layer, i) {
    const into = known(net, layer).map((one) => side(net, layer, one, i, true));
    const outOf = layer.targets.flatMap((target) =>
      known(net, target)
        .filter((one) => one.source === layer.name)
        .map((one) => side(net, target, one, i, false)));
    return [...into, ...outOf];
  }

  function side(net, target, one, i, isSource) {
    const [inputs, outputs] = one.strengths.shape;
    const { values } = one.strengths;
    const amounts = isSource
      ? Array.from({ length: inputs }, (_, row) => values[row * outputs + i])
      : Array.from({ length: outputs }, (_, column) => values[i * outputs + column]);
    const layer = isSource ? net.byName.get(one.source) : target;
    const [count, top] = (isSource ? one.feeding : one.fed)[i];
    return { layer, isSource, amounts, count, top, kind: one.kind, most: one.most };
  }

  function known(net, layer) {
    const { model, epoch } = net.view;
    const place = `${encodeURIComponent(model)}/${encodeURIComponent(layer.name)}`;
    const address = `/connections/${place}${epoch ? `?epoch=${epoch}` : ""}`;
    if (!strengths.has(address)) {
      strengths.set(address, []);
      load(address);
    }
    return strengths.get(address);
  }

  async function load(address) {
    try {
      const got = await fetch(address);
      if (!got.ok) throw new Error(got.statusText);
      const { inputs, arrays } = root.cnn.unpack(await got.arrayBuffer());
      strengths.set(address, inputs.map((one) => withArray(one, arrays[one.strengths])));
      const net = network.opened();
      if (net && net.pointed) network.highlight(net);
    } catch (error) {
      strengths.delete(address);
    }
  }

  function withArray(one, array) {
    const most = array.values.reduce((sofar, x) => (Math.abs(x) > sofar ? Math.abs(x) : sofar), 0);
    return { ...one, strengths: array, most };
  }

  // ---- In words.

  function say(net) {
    const place = document.getElementById("network-status");
    if (!place) return;
    const text = net.pointed ? inWords(net) : atRest(net);
    if (place.textContent !== text) place.textContent = text;
  }

  function atRest(net) {
    const reduced = net.layers.some(({ data }) =>
      data && (data.tiles.shape[1] < data.size[0] || data.tiles.shape[2] < data.size[1]));
    return "A line is a connection: the stronger, the thicker. Its number is the norm of the kernel " +
      "that leads from channel to channel, or the weight from unit to unit." +
      (reduced ? " Maps of more than 32 cells on a side are shown as means of blocks." : "");
  }

  function inWords({ structure: { classes }, pointed: { layer, i }, joined }) {
    const told = [`${called(layer, i, classes)}: ${valueOf(layer, i)}.`];
    const real = joined.filter(({ kind, count }) => count || kind === "unknown");
    const [fed, feeds] = [true, false].map((way) => real.filter((one) => one.isSource === way));
    const parts = (all, by) => [...new Set(all.map((one) => part(one, by, classes)))].join("; ");
    if (fed.length) told.push(`Fed ${parts(fed, "by")}.`);
    if (feeds.length) told.push(`Feeds ${parts(feeds, "")}.`);
    return told.join(" ");
  }

  function called(layer, i, classes) {
    if (layer.form === "classes") return `${layer.title} class ${classes[i]}`;
    return `${layer.name} ${layer.form === "units" ? "unit" : "channel"} ${layer.shown[i]}`;
  }

  function valueOf(layer, i) {
    if (layer.form === "classes") {
      return layer.probabilities ? "probability " + network.percent(layer.probabilities[i]) : "no value yet";
    }
    if (!layer.data) return "no value yet";
    const value = layer.data.peaks[i];
    if (value === 0 && layer.form !== "units") return "silent here (zero everywhere)";
    return (layer.form === "units" ? "value " : "strongest value ") + number(value) + " here";
  }

  function part({ layer, kind, count, top }, by, classes) {
    if (kind === "unknown") {
      return `${by} ${layer.title} in a way that is not known channel by channel`.trim();
    }
    const named = top.map(([channel, amount]) => {
      const shown = layer.form === "classes" ? classes[channel] : channel;
      return kind === "channel" ? shown : `${shown} (${number(amount)})`;
    });
    const rest = (count - named.length).toLocaleString("en");
    const more = kind === "channel" && count > named.length ? ` and ${rest} more` : "";
    const strongest = by ? "most by" : "most strongly";
    const way = kind === "channel" || count === 1 ? by : strongest;
    return `${way} ${layer.title}, ${noun(layer.form, count)} ${named.join(", ")}${more}`.trim();
  }

  function noun(form, count) {
    const [one, many] = {
      maps: ["channel", "channels"], units: ["unit", "units"], classes: ["class", "classes"],
    }[form];
    return count === 1 ? one : many;
  }

  function number(value) {
    return String(Number(value.toPrecision(3))).replace("-", "−");
  }

  Object.assign(network, { connectionsOf, say, number });
})();
