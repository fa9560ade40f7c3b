import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { load } from "./scripts.js";

const scripts = load(["65-fields/composing.js", "65-fields/words.js"]);
const cases = JSON.parse(readFileSync(process.env.FIELD_CASES, "utf-8"));
const plain = (value) => JSON.parse(JSON.stringify(value));

// Where branches meet, cells in the middle are not followed one by one: then it is not said that all are read.
function withoutHoles({ cells, status }) {
  const bounds = Object.entries(cells).map(([name, { bounds, certainty, channels }]) =>
    [name, { bounds, certainty, channels: Object.values(channels) }]);
  return { cells: Object.fromEntries(bounds), status: status === "whole picture" ? "exact" : status };
}

test("fields that are composed here are those that the library finds", () => {
  let filled = 0, all = 0;
  for (const { table, fields } of cases) {
    for (const { kind, layer, index, ...expected } of fields) {
      const { cells, status } = scripts[kind](table, layer, index);
      const found = plain({ cells: Object.fromEntries(cells), status });
      const told = `${kind} of ${layer} ${index} in ${table.layers.map(({ name }) => name)}`;
      assert.deepEqual(withoutHoles(found), withoutHoles(expected), told);
      if (found.status === "whole picture") assert.equal(expected.status, found.status, told);
      for (const [name, one] of Object.entries(found.cells)) {
        if (one.isFilled) assert.ok(expected.cells[name].isFilled, told);
        filled += Number(one.isFilled);
        all += Number(expected.cells[name].isFilled);
      }
    }
  }
  assert.ok(cases.length > 20 && filled > 0.9 * all, `${filled} of ${all}`);
});

const layer = (name, shape, ...reads) => ({ name, shape, reads });
const window3 = { start: -1, stride: 1, apart: 1, count: 3 };
const channels = (count, groups, first = 0) => ({ channels: { first, count, groups } });
const exact = { certainty: 0 };
const NETWORK = {
  certainties: ["exact", "upper bound", "depends on the data"], picture: "picture",
  layers: [
    layer("picture", [8, 9, 1]),
    layer("maps", [8, 9, 4], { source: 0, how: "along", axes: [window3, window3], ...exact, ...channels(4, 1) }),
    layer("flat", [288], { source: 1, how: "moved", terms: [{ start: 0, stride: 1 }], ...exact }),
    layer("unit", [1], { source: 2, how: "everything", ...exact, ...channels(1, 1), certainty: 2 }),
  ],
};
const words = (follow, name, index) => scripts.fieldInWords(NETWORK, { ...follow(NETWORK, name, index), index });

test("a window of three reads three rows and columns, less at the border", () => {
  const { cells } = scripts.receptiveField(NETWORK, "maps", [4, 0, 2]);
  assert.deepEqual(plain(cells.get("picture").bounds), [[3, 5], [0, 1]]);
  assert.equal(words(scripts.receptiveField, "maps", [4, 0, 2]),
    "maps, row 4, column 0, reads rows 3 to 5, columns 0 to 1 of the picture (exact).");
});

test("a pixel reaches a place with all its numbers in a flat row, and what reads that", () => {
  const { cells, status } = scripts.projectiveField(NETWORK, "picture", [0, 0, null]);
  assert.deepEqual(plain(cells.get("maps").bounds), [[0, 1], [0, 1]]);
  assert.deepEqual(plain(cells.get("flat").bounds), [[0, 4 * 10 + 3]]);
  assert.ok(!cells.get("flat").isFilled);
  assert.equal(status, "depends on the data");
  assert.equal(words(scripts.projectiveField, "picture", [0, 0, null]),
    "The pixel in row 0, column 0 reaches unit (depends on the data).");
});

test("a channel reads those of its group, and of layers side by side the one that it comes from", () => {
  const kept = { how: "along", axes: [null, null], ...exact };
  const layers = [
    layer("picture", [5, 5, 4]),
    layer("pooled", [5, 5, 4], { source: 0, ...kept, ...channels(4, 4) }),
    layer("grouped", [5, 5, 6], { source: 1, ...kept, ...channels(6, 2) }),
    layer("joined", [5, 5, 10],
      { source: 1, ...kept, ...channels(4, 4) }, { source: 2, ...kept, ...channels(6, 6, 4) }),
    layer("means", [10], { source: 3, how: "everything", ...exact, ...channels(10, 10) }),
  ];
  const table = { ...NETWORK, layers };
  const read = (name, index) => Object.fromEntries([...scripts.receptiveField(table, name, index).cells]
    .map(([other, cells]) => [other, [...cells.channels].flatMap((mark, i) => (mark ? [i] : []))]));
  assert.deepEqual(read("grouped", [1, 2, 4]), { grouped: [4], pooled: [2, 3], picture: [2, 3] });
  assert.deepEqual(read("joined", [1, 2, 4]), { joined: [4], grouped: [0], pooled: [0, 1], picture: [0, 1] });
  assert.deepEqual(read("joined", [1, 2, 3]), { joined: [3], grouped: [], pooled: [3], picture: [3] });
  assert.deepEqual(read("means", [9]), { means: [9], joined: [9], grouped: [5], pooled: [2, 3], picture: [2, 3] });
  const reached = scripts.projectiveField(table, "pooled", [0, 0, 1]).cells;
  assert.deepEqual([...reached.get("joined").channels], [0, 1, 0, 0, 1, 1, 1, 0, 0, 0]);
  assert.deepEqual(plain(reached.get("means").bounds), [[1, 6]]);
  assert.ok(!reached.get("means").isFilled);
});

test("one number of a flat row reads one place", () => {
  const { cells, status } = scripts.receptiveField(NETWORK, "flat", [4 * (9 * 3 + 5) + 1]);
  assert.deepEqual(plain(cells.get("maps").bounds), [[3, 3], [5, 5]]);
  assert.equal(status, "exact");
});

test("cells that are drawn in a row and a column have their index in a layer", () => {
  const { indexOf, rowsAndColumns } = scripts;
  assert.deepEqual(plain(indexOf([8, 9, 4], { channel: 2, row: 7, column: 1 })), [7, 1, 2]);
  assert.equal(indexOf([8, 9, 4], { channel: 2, row: 8, column: 1 }), null);
  assert.deepEqual(plain(indexOf([288], { channel: 5 })), [5]);
  assert.deepEqual(plain(indexOf([12, 4], { channel: 0, row: 11, column: 0 })), [11, 0]);
  assert.deepEqual(plain(indexOf([2, 3, 4, 1], { channel: 0, row: 5, column: 3 })), [1, 2, 3, 0]);
  assert.deepEqual(plain(rowsAndColumns([[1, 1], [0, 2], [3, 3]], [2, 3, 4, 1])), { rows: [3, 5], columns: [3, 3] });
  assert.deepEqual(plain(rowsAndColumns([[2, 4]], [12, 4])), { rows: [2, 4], columns: [0, 0] });
});
