import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "./scripts.js";

// A page with one map; `rest` lets the browser rest, and what was brought since is told.
function start() {
  const told = [];
  let act = null;
  const around = { setTimeout: (next) => (act = next), clearTimeout() {}, requestIdleCallback: (next) => next() };
  const { cnn } = load(["50-screen/charts.js"],
    { page: { map: {} }, around, onProps: (id, props) => told.push([id, props]) });
  const never = () => false;
  Object.assign(cnn, {
    isBusy: never, isDrawing: never, isWalking: never, heldFigures: () => ({ map: { data: [], layout: {} } }),
    uncoverAt() {},
  });
  return { bring: cnn.bringLater, rest: () => act(), told };
}

const ARRAYS = [{ values: Float32Array.of(1, 2), shape: [1, 2] }];
const WHOLE = {
  isWhole: true, isPart: false, traces: [{ z: { array: 0 }, zmax: 2 }], layout: { title: "a" }, size: { height: "9px" },
};

test("a range that comes before a map was drawn is that of the map", () => {
  const { bring, rest, told } = start();
  bring("map", WHOLE, ARRAYS, false);
  bring("map", { isWhole: false, isPart: true, traces: [{ zmax: 5 }], layout: {}, size: {} }, [], false);
  rest();
  const [[id, { figure: { data: [{ z, zmax }], layout }, style }]] = told;
  assert.deepEqual([id, [...z[0]], zmax, layout.title, style.height], ["map", [1, 2], 5, "a", "9px"]);
});

test("of two maps the newer is drawn", () => {
  const { bring, rest, told } = start();
  bring("map", WHOLE, ARRAYS, false);
  bring("map", { ...WHOLE, traces: [{ z: { array: 0 }, zmax: 7 }] }, ARRAYS, false);
  rest();
  assert.deepEqual(told.map(([, { figure }]) => figure.data[0].zmax), [7]);
});
