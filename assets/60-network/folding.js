// Blocks of a large network, each shown as one column with the channels of its last layer, until it is opened.
(function () {
  const root = window.dash_clientside;
  const network = (root.cnn.network ||= {});

  // The layers as they are drawn when the blocks in `opened` are, with their columns, lanes and inputs.
  function folded(layers, opened) {
    const isFolded = ({ fold }) => fold && !opened.has(fold);
    if (!layers.some(({ fold }) => fold)) return layers;
    const shownAs = new Map(layers.map((layer) => [layer.name, layer]));
    for (const members of blocksOf(layers.filter(isFolded)).values()) {
      const block = blockOf(members);
      for (const { name } of members) shownAs.set(name, block);
    }
    const shown = [...new Set(shownAs.values())];
    const inputs = new Map(shown.map((one) => [one, new Set()]));
    for (const layer of layers) {
      const target = shownAs.get(layer.name);
      for (const name of layer.inputs) if (shownAs.get(name) !== target) inputs.get(target).add(shownAs.get(name).name);
    }
    const isFirst = firstOf(shown);
    return arranged(shown.map((one) => ({ ...one, inputs: [...inputs.get(one)], isFirst: isFirst.has(one) })));
  }

  function blocksOf(layers) {
    const blocks = new Map();
    for (const layer of layers) blocks.set(layer.fold, [...(blocks.get(layer.fold) || []), layer]);
    return blocks;
  }

  function blockOf(members) {
    const last = members[members.length - 1];
    const explanation = `${members.length} layers, from ${members[0].name} to ${last.name}, whose channels are shown.`;
    return { ...last, members: members.length, title: last.fold, explanation };
  }

  // The first layer of each block that is open: it has the button that closes it.
  function firstOf(shown) {
    return new Set([...blocksOf(shown.filter(({ fold, members }) => fold && !members)).values()].map(([first]) => first));
  }

  // A layer's column is the longest way to it.
  function arranged(layers) {
    const [columns, lanes] = [new Map(), new Map()];
    for (const { name, inputs } of layers) {
      const column = Math.max(-1, ...inputs.map((input) => columns.get(input))) + 1;
      columns.set(name, column);
      lanes.set(column, [...(lanes.get(column) || []), name]);
    }
    return layers.map((layer) => {
      const column = columns.get(layer.name);
      const beside = lanes.get(column);
      return { ...layer, column, lane: beside.indexOf(layer.name), lanes: beside.length };
    });
  }

  // What opens or closes a block, in the header of the layer that stands for it or begins it.
  function foldButton({ fold, members, isFirst }) {
    if (!members && !isFirst) return [];
    const made = network.element("button", "net-fold", members ? `▸ ${members} layers` : `▾ ${fold}`);
    made.type = "button";
    made.dataset.fold = fold;
    made.setAttribute("aria-expanded", String(!members));
    made.setAttribute("aria-label", members ? `Open ${fold}: ${members} layers` : `Fold ${fold}`);
    return [made];
  }

  function sayFolded({ layers }) {
    const place = document.getElementById("network-folded");
    const blocks = layers.filter(({ members }) => members);
    const count = blocks.reduce((sum, { members }) => sum + members, 0);
    const text = blocks.length
      ? `${blocks.length} ${blocks.length === 1 ? "block" : "blocks"} of ${count} layers in all ` +
        `${blocks.length === 1 ? "is" : "are"} folded, each shown by its last layer: press ▸ to open one.`
      : "";
    if (place && place.textContent !== text) place.textContent = text;
  }

  // In a view blocks have numbers, in the order in which they stand.
  function numbered(layers) {
    return [...new Set(layers.map(({ fold }) => fold).filter(Boolean))];
  }

  // The blocks that are open in a view.
  function openedIn({ blocks }, layers) {
    const names = numbered(layers);
    return new Set((blocks || "").split(",").filter(Boolean).map((number) => names[Number(number)]).filter(Boolean));
  }

  // The part of a view that has these blocks open.
  function asOpened(opened, layers) {
    return [...numbered(layers).entries()].filter(([, name]) => opened.has(name)).map(([number]) => number).join(",");
  }

  document.addEventListener("click", ({ target }) => {
    const button = target.closest && target.closest(".net-fold");
    const net = button && network.opened();
    if (!net) return;
    const { fold } = button.dataset;
    const opened = new Set(net.unfolded);
    if (!opened.delete(fold)) opened.add(fold);
    network.rebuild(opened);
    root.cnn.changeView({ blocks: asOpened(opened, net.structure.layers) });
    [...document.querySelectorAll(".net-fold")].find(({ dataset }) => dataset.fold === fold)?.focus();
  });

  Object.assign(network, { folded, foldButton, sayFolded, openedIn, asOpened });
})();
