// A field in words, and cells as numbers of rows and columns.
(function () {
  const root = window.dash_clientside;

  // The index in a layer's output of a cell that stands in a row and a column of what is drawn: slices of a
  // volume are one below the other. Nothing where the layer has no such cell.
  function indexOf(shape, { channel, row, column }) {
    const [sides, cells] = [shape.slice(0, -1), []];
    if (!sides.length) return channel < shape[0] ? [channel] : null;
    let rest = row;
    if (sides.length > 1) cells.unshift(column);
    for (let axis = sides.length - (sides.length > 1 ? 2 : 1); axis >= 0; axis--) {
      cells.unshift(axis ? rest % sides[axis] : rest);
      rest = Math.floor(rest / sides[axis]);
    }
    return cells.every((cell, axis) => cell < sides[axis]) ? [...cells, channel] : null;
  }

  // The rows and the columns between which bounds along the axes of a layer stand in what is drawn of it.
  function rowsAndColumns(bounds, shape) {
    const sides = shape.slice(0, -1);
    if (sides.length === 1) return { rows: bounds[0], columns: [0, 0] };
    const row = (end) => bounds.slice(0, -1).reduce((sum, pair, axis) => sum * sides[axis] + pair[end], 0);
    return { rows: [row(0), row(1)], columns: bounds[bounds.length - 1] };
  }

  // What a cell reads of the picture, or where in the last layer a pixel arrives.
  function fieldInWords({ picture, layers }, { layer, index, cells, status }) {
    const { shape } = layers.find((one) => one.name === layer);
    if (layer !== picture) {
      return `${layer}, ${placed(shape, index)}, reads ${part(cells.get(picture))} of the picture (${status}).`;
    }
    const reached = [...cells].filter(([name, { bounds }]) => name !== picture && bounds);
    const [farthest] = reached[reached.length - 1] || [];
    const place = index.slice(0, -1).map((number, axis) => `${["row", "column"][axis]} ${number}`).join(", ");
    return farthest ? `The pixel in ${place} reaches ${farthest} (${status}).` : `The pixel in ${place} reaches nothing.`;
  }

  function placed(shape, index) {
    const [cells, channel] = [index.slice(0, -1), index[index.length - 1]];
    if (!cells.length) return `unit ${channel}`;
    const names = { 1: ["row"], 2: ["row", "column"], 3: ["slice", "row", "column"] }[cells.length] || [];
    return names.map((name, axis) => `${name} ${cells[axis]}`).join(", ");
  }

  function part(cells) {
    if (!cells || !cells.bounds) return "nothing";
    const [rows, columns] = cells.bounds.map(([first, last], axis) => {
      const name = ["row", "column"][axis];
      return first === last ? `${name} ${first}` : `${name}s ${first} to ${last}`;
    });
    return `${cells.isFilled ? "" : "cells of "}${rows}, ${columns}`;
  }

  root.cnn = { ...root.cnn, indexOf, rowsAndColumns, fieldInWords };
})();
