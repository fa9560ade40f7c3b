// Cells of the thumbnails: which one is pointed at, and fields drawn over them.
(function () {
  const root = window.dash_clientside;
  const network = (root.cnn.network ||= {});

  // The cell of a layer that is at a point of the window; of a unit its number.
  function cellAt(event) {
    const net = network.opened();
    const here = net && network.at(net, event);
    if (!here) return null;
    const { layer, i } = here;
    const place = { channel: layer.rows ? i : layer.channels[i] };
    if (layer.form !== "maps") return { layer: layer.name, place };
    if (!layer.data) return null;
    const [rows, columns] = layer.data.size;
    const bounds = layer.face.getBoundingClientRect();
    const { x, y } = network.tilePlace(layer.grid, i);
    const row = Math.floor(((event.clientY - bounds.top - y) / layer.grid.tileHeight) * rows);
    const column = Math.floor(((event.clientX - bounds.left - x) / layer.grid.tileWidth) * columns);
    const isInside = row >= 0 && row < rows && column >= 0 && column < columns;
    return isInside ? { layer: layer.name, place: { ...place, row, column } } : null;
  }

  // What is to be drawn, a shape for each layer: a box of cells in each of its tiles. `boxOf` gives that of a
  // layer, of maps as rows, columns and marked channels and of units as the first and the last, or nothing.
  function ofThumbnails(boxOf) {
    const net = network.opened();
    if (!net) return [];
    net.fields ||= root.cnn.outlines(net.stage);
    const shapes = net.layers.filter(({ block }) => block).map((layer) => {
      const box = boxOf(layer.name, layer.form === "maps" && layer.data ? layer.data.size : null);
      return box ? shape(layer, box) : "";
    });
    const { offsetWidth: width, offsetHeight: height } = net.stage;
    const place = { left: 0, top: 0, width, height, view: [0, 0, width, height] };
    return [{ outlines: net.fields, shapes, place }];
  }

  // Of maps a box in each tile, of units one around all.
  function shape(layer, { channels, first, last, rows, columns }) {
    const numbers = layer.rows ? [...layer.channels.keys()] : layer.channels;
    const isPart = (number) => rows ? channels[number] : number >= first && number <= last;
    const tiles = numbers.map((number, i) => isPart(number) && network.tileBox(layer, i)).filter(Boolean);
    return rows ? tiles.map((tile) => inTile(tile, layer.data.size, rows, columns)).join("") : around(tiles);
  }

  function inTile(tile, [high, wide], rows, columns) {
    const [down, across] = [tile.height / high, tile.width / wide];
    return root.cnn.rectangle(
      tile.x + columns[0] * across, tile.y + rows[0] * down,
      (columns[1] - columns[0] + 1) * across, (rows[1] - rows[0] + 1) * down);
  }

  function around(tiles) {
    if (!tiles.length) return "";
    const [left, top] = ["x", "y"].map((side) => Math.min(...tiles.map((tile) => tile[side])));
    const right = Math.max(...tiles.map(({ x, width }) => x + width));
    const bottom = Math.max(...tiles.map(({ y, height }) => y + height));
    return root.cnn.rectangle(left, top, right - left, bottom - top);
  }

  Object.assign(network, { cellAt, ofThumbnails });
})();
