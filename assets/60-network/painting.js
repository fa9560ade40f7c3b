// Values as pictures: the tiles of a layer on its canvas, the rows of the classes, and the legend.
(function () {
  const root = window.dash_clientside;
  const network = (root.cnn.network ||= {});
  const OUTLINED_FROM = 7;

  function paint(net, layer) {
    if (layer.rows) paintClasses(net, layer);
    else if (layer.data && layer.block) paintTiles(net, layer);
  }

  function paintTiles(net, { atlas, block, data, face, grid }) {
    const { tiles: { values, shape: [count, height, width] }, signed } = data;
    fillAtlas(atlas, values, width, count * height, net.tables[signed ? "diverging" : "sequential"]);
    const dots = window.devicePixelRatio || 1;
    const { tileWidth, tileHeight } = grid;
    const context = face.getContext("2d");
    context.setTransform(dots, 0, 0, dots, 0, 0);
    context.imageSmoothingEnabled = width > tileWidth * dots;
    context.imageSmoothingQuality = "medium";
    context.clearRect(0, 0, block.width, block.height);
    for (let i = 0; i < count; i++) {
      const { x, y } = network.tilePlace(grid, i);
      context.drawImage(atlas, 0, i * height, width, height, x, y, tileWidth, tileHeight);
    }
    if (tileHeight >= OUTLINED_FROM) outline(context, grid, count);
  }

  function outline(context, grid, count) {
    context.strokeStyle = "rgba(128,134,145,0.55)";
    context.lineWidth = 1;
    context.beginPath();
    for (let i = 0; i < count; i++) {
      const { x, y } = network.tilePlace(grid, i);
      context.rect(x + 0.5, y + 0.5, grid.tileWidth - 1, grid.tileHeight - 1);
    }
    context.stroke();
  }

  // All tiles of a layer, a dot per value, one below the other.
  function fillAtlas(atlas, values, width, height, table) {
    const picture = root.cnn.pixelsOf(atlas, width, height);
    const dots = new Uint32Array(picture.data.buffer);
    for (let i = 0; i < dots.length; i++) dots[i] = table[values[i]];
    atlas.getContext("2d").putImageData(picture, 0, 0);
  }

  // Returns whether a row has got another class than it had.
  function paintClasses(net, layer) {
    const { probabilities, winner, percents, rows } = layer;
    if (!probabilities) return false;
    const moved = rows.filter((one, at) => rename(one, percents[at][0], net.structure.classes));
    for (const { index, row, share, fill } of rows) {
      share.textContent = percentOf(layer, index);
      fill.style.transform = `scaleX(${probabilities[index].toFixed(4)})`;
      row.classList.toggle("first", index === winner);
    }
    layer.foot.textContent = network.count(probabilities.length - rows.length);
    return moved.length > 0;
  }

  function rename(one, index, classes) {
    if (one.index === index) return false;
    one.index = index;
    one.row.dataset.index = index;
    one.name.textContent = one.row.title = classes[index];
    return true;
  }

  // The probability of a class that has a row, in percent.
  function percentOf({ percents }, i) {
    return percents.find(([index]) => index === i)[1];
  }

  // Returns whether there is another legend than there was.
  function paintLegend(net, scale) {
    const place = document.getElementById("network-legend");
    const signed = net.layers.some(({ data }) => data && data.signed);
    if (!place || place.dataset.legend === scale + signed) return false;
    place.dataset.legend = scale + signed;
    const { sequential, diverging } = net.structure;
    const bars = [bar(sequential, "0", "", `largest of the ${scale}`)];
    if (signed) bars.push(bar(diverging, "−", "0", "+"));
    place.replaceChildren(...bars);
    return true;
  }

  function bar(digits, low, middle, high) {
    const stops = Array.from({ length: 9 }, (_, i) => {
      const at = 6 * Math.round((i * (digits.length / 6 - 1)) / 8);
      return "#" + digits.slice(at, at + 6);
    });
    const strip = network.element("span", "net-scale-strip", middle);
    strip.style.background = `linear-gradient(to right, ${stops.join(",")})`;
    const box = network.element("span", "net-scale");
    box.append(low, strip, high);
    return box;
  }

  Object.assign(network, { paint, paintClasses, paintLegend, percentOf });
})();
