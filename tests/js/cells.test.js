import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "./scripts.js";

class MutationObserver {
  observe() {}
}
const { locate, cellIn, inSlice, cellKeys, tilesAt } = load(
  ["20-plotly/plotly.js", "30-figures/figures.js", "40-input/cells.js", "40-input/cell-keys.js"],
  { around: { MutationObserver } });
const TILES = { count: 5, height: 3, width: 4, columns: 3, high: 4, wide: 5, block: 1 };
const at = (x, y) => {
  const found = locate(TILES, { x, y });
  return found && { ...found };
};

test("every cell of a mosaic is found, and nothing between its tiles", () => {
  assert.deepEqual(at(0, 0), { channel: 0, row: 0, column: 0 });
  assert.deepEqual(at(-0.4, 2.4), { channel: 0, row: 2, column: 0 });
  assert.deepEqual(at(5 + 3, 4 + 2), { channel: 4, row: 2, column: 3 });
  for (const beside of [[4, 0], [0, 3], [10 + 1, 4], [15, 0], [-1, 0], [0, 8]]) {
    assert.equal(at(...beside), null, String(beside));
  }
});

test("where slices stand one below the other a row is one of its slice", () => {
  assert.deepEqual({ ...inSlice({ slices: [0, 4] }, { channel: 1, row: 9, column: 2 }) },
    { channel: 1, depth: 2, row: 1, column: 2 });
  assert.deepEqual({ ...inSlice({ slices: [5, 4] }, { channel: 0, row: 3, column: 2 }) },
    { channel: 0, depth: 5, row: 3, column: 2 });
  assert.deepEqual({ ...inSlice({}, { channel: 1, row: 9, column: 2 }) }, { channel: 1, row: 9, column: 2 });
});

test("of a block of cells the first is found, and keys go from block to block", () => {
  const tiles = { count: 1, height: 3, width: 4, columns: 1, high: 4, wide: 5, block: 5 };
  assert.deepEqual({ ...locate(tiles, { x: 2, y: 1 }) }, { channel: 0, row: 5, column: 10 });
  assert.deepEqual({ ...cellKeys.moved({ tiles }, { row: 5, column: 10 }, [1, 0]) }, { row: 5, column: 15 });
  assert.equal(cellKeys.moved({ tiles }, { row: 5, column: 15 }, [1, 0]), null);
});

test("where a part is enlarged every cell is found, and keys go from cell to cell", () => {
  const tiles = { count: 2, height: 7, width: 7, columns: 2, high: 8, wide: 8, block: 1 };
  const coarse = { count: 2, height: 4, width: 4, columns: 2, high: 4, wide: 4, block: 2 };
  const part = { top: 2, left: 2, rows: 4, columns: 9 };
  const plot = { data: [{ meta: { tiles: coarse } }, { meta: { tiles, times: 2, part } }] };
  const found = (x, y) => {
    const near = tilesAt(plot, { x, y });
    return { ...locate(near.tiles, near.point) };
  };
  assert.deepEqual(found(1.3, 1.3), { channel: 0, row: 3, column: 3 });
  assert.deepEqual(found(4.3, 1.8), { channel: 1, row: 4, column: 1 });
  assert.deepEqual(found(3, 0), { channel: 0, row: 0, column: 6 }, "beside the part");
  assert.deepEqual({ ...cellKeys.moved({ tiles: coarse, step: 1 }, { row: 3, column: 3 }, [1, 0]) }, { row: 3, column: 4 });
});

test("of units in rows a place is the number of its unit, of a block the first", () => {
  const tiles = { count: 1, height: 4, width: 5, columns: 1, high: 5, wide: 6, block: 3, units_across: 14 };
  const plot = { data: [{ meta: { tiles } }] };
  const found = (point) => {
    const place = cellIn(plot, { tiles, units: 150 }, point);
    return place && { ...place };
  };
  assert.deepEqual(found({ x: 0, y: 0 }), { channel: 0 });
  assert.deepEqual(found({ x: 2, y: 1 }), { channel: 3 * 14 + 6 });
  assert.equal(cellIn(plot, { tiles, units: 100 }, { x: 4, y: 3 }), null);
  const about = { units: 150, tiles };
  assert.deepEqual({ ...cellKeys.moved(about, { channel: 20 }, [0, 1]) }, { channel: 34 });
  assert.equal(cellKeys.moved(about, { channel: 13 }, [1, 0]), null);
});

test("keys begin at the cell of the view, else at the one that the figure tells of", () => {
  const maps = { cell: [2, 3, 1], channel: 1, tiles: { count: 1, height: 3, width: 4, columns: 1, high: 4, wide: 5, block: 1 } };
  const place = (about, view) => ({ ...cellKeys.placeNow(about, view) });
  assert.deepEqual(place(maps, {}), { channel: 1, row: 2, column: 3 });
  assert.deepEqual(place(maps, { row: "1" }), { channel: 1, row: 1, column: 3 });
  assert.deepEqual(place(maps, { row: "9", column: "0" }), { channel: 1, row: 2, column: 0 });
  assert.deepEqual(place({ cell: [4], units: 8, channel: null }, { channel: "30" }), { channel: 7 });
  const row = { cell: [5, 0], channel: 0, tiles: { count: 1, height: 9, width: 1, columns: 1, high: 10, wide: 2, block: 1 } };
  assert.deepEqual(place(row, {}), { channel: 0, row: 5, column: 0 });
});

test("keys stay within the map, and within the units of a grid", () => {
  const moved = (about, place, step) => {
    const next = cellKeys.moved(about, place, step);
    return next && { ...next };
  };
  const maps = { tiles: { height: 3, width: 4, block: 1 } };
  assert.deepEqual(moved(maps, { row: 1, column: 3 }, [0, 1]), { row: 2, column: 3 });
  assert.equal(moved(maps, { row: 1, column: 3 }, [1, 0]), null);
  const units = { units: 10, tiles: { columns: 4 } };
  assert.deepEqual(moved(units, { channel: 5 }, [0, -1]), { channel: 1 });
  assert.deepEqual(moved(units, { channel: 8 }, [1, 0]), { channel: 9 });
  for (const [channel, step] of [[3, [1, 0]], [4, [-1, 0]], [1, [0, -1]], [7, [0, 1]], [9, [1, 0]]]) {
    assert.equal(moved(units, { channel }, step), null, `${channel} ${step}`);
  }
});
