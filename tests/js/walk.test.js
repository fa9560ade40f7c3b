import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "./scripts.js";

const { cellAfter, cellToPlay, unreached } = load(["10-state/state.js", "50-screen/screen.js", "80-pages/walk.js"]);
const plain = (value) => JSON.parse(JSON.stringify(value));
const at = (row, column) => ({ row, column, rows: 3, columns: 4 });

test("cells follow each other row by row, and end at both ends", () => {
  assert.deepEqual(plain(cellAfter(at(0, 1), 1)), { row: 0, column: 2 });
  assert.deepEqual(plain(cellAfter(at(0, 3), 1)), { row: 1, column: 0 });
  assert.deepEqual(plain(cellAfter(at(1, 0), -1)), { row: 0, column: 3 });
  assert.equal(cellAfter(at(2, 3), 1), null);
  assert.equal(cellAfter(at(0, 0), -1), null);
});

test("it plays on from the cell chosen, and from the first where none is or after the last", () => {
  assert.deepEqual(plain(cellToPlay(at(1, 3), true)), { row: 2, column: 0 });
  assert.deepEqual(plain(cellToPlay(at(1, 3), false)), { row: 0, column: 0 });
  assert.deepEqual(plain(cellToPlay(at(2, 3), true)), { row: 0, column: 0 });
});

test("what is not reached yet is the rest of the row and all rows below", () => {
  const rest = { left: 2, top: 1, right: 4, bottom: 2 };
  const below = { left: 0, top: 2, right: 4, bottom: 3 };
  assert.deepEqual(plain(unreached(at(1, 1))), [rest, below]);
  assert.deepEqual(plain(unreached(at(0, 3))), [{ left: 0, top: 1, right: 4, bottom: 3 }]);
  assert.deepEqual(plain(unreached(at(2, 3))), []);
});

test("each cell is reached once, and all are at the end", () => {
  let cell = { row: 0, column: 0 };
  const areas = [];
  while (cell) {
    areas.push(unreached(at(cell.row, cell.column))
      .reduce((sum, { left, top, right, bottom }) => sum + (right - left) * (bottom - top), 0));
    cell = cellAfter(at(cell.row, cell.column), 1);
  }
  assert.deepEqual(areas, [11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
});
