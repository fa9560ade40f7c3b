import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "./scripts.js";

const { readOperations, writeOperations } = load(["40-input/operations.js"]);
const plain = (layers) => Object.fromEntries([...layers].map(([name, channels]) => [name, Object.fromEntries(channels)]));

test("changes of channels are read as a view has them", () => {
  assert.deepEqual(plain(readOperations("conv2d:0-2*0,6*0.5,7*0@0.25;in%2Fconv%3A2:3*2")), {
    conv2d: { 0: "0", 1: "0", 2: "0", 6: "0.5", 7: "0@0.25" },
    "in/conv:2": { 3: "2" },
  });
  assert.deepEqual(plain(readOperations(undefined)), {});
});

test("what was read is written as it was, and a layer without changes is left out", () => {
  const text = "conv2d:0-2*0,6*0.5,7*0@0.25;in%2Fconv%3A2:3*2";
  const layers = readOperations(text);
  assert.equal(writeOperations(layers), text);
  layers.get("conv2d").clear();
  assert.equal(writeOperations(layers), "in%2Fconv%3A2:3*2");
});

test("neighbours that are changed alike are one entry, in whichever order they came", () => {
  assert.equal(writeOperations(new Map([["a", new Map([[5, "0"], [3, "0"], [4, "0"], [9, "0"]])]])), "a:3-5*0,9*0");
});
