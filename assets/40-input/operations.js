// What is done to channels of the network, as it stands in the view: "conv2d:3*0,7*0.5;dense:0-4*0@0.31".
// Here it is a map of layers, each a map of channels to "factor" or "factor@offset".
(function () {
  const root = window.dash_clientside;

  function readOperations(text) {
    const parts = (text || "").split(";").filter(Boolean);
    return new Map(parts.map((part) => {
      const [name, entries] = part.split(":");
      return [decodeURIComponent(name), new Map(entries.split(",").flatMap(readEntry))];
    }));
  }

  function readEntry(entry) {
    const [numbers, change] = entry.split("*");
    const [first, last = first] = numbers.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => [first + i, change]);
  }

  function writeOperations(layers) {
    const changed = [...layers].filter(([, channels]) => channels.size > 0);
    return changed.map(([name, channels]) => `${encodeURIComponent(name)}:${writeEntries(channels)}`).join(";");
  }

  // Neighbouring channels that are changed alike are one entry.
  function writeEntries(channels) {
    const runs = [];
    for (const [channel, change] of [...channels].sort(([one], [other]) => one - other)) {
      const run = runs[runs.length - 1];
      if (run && run.last === channel - 1 && run.change === change) run.last = channel;
      else runs.push({ first: channel, last: channel, change });
    }
    return runs.map(({ first, last, change }) =>
      `${first === last ? first : `${first}-${last}`}*${change}`).join(",");
  }

  root.cnn = { ...root.cnn, readOperations, writeOperations };
})();
