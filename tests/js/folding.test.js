import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "./scripts.js";

const { network } = load(["60-network/folding.js"]);
const layer = (name, inputs, fold = "", column = 0) => ({ name, inputs, fold, column, lane: 0, lanes: 1 });
const LAYERS = [
  layer("picture", []),
  layer("one_conv", ["picture"], "one"),
  layer("one_relu", ["one_conv"], "one"),
  layer("one_add", ["one_relu", "picture"], "one"),
  layer("two_conv", ["one_add"], "two"),
  layer("two_add", ["two_conv", "one_relu"], "two"),
  layer("classes", ["two_add"]),
];
const told = (opened) => JSON.parse(JSON.stringify(network.folded(LAYERS, new Set(opened))));

test("a block is one column, named after it, with the channels of its last layer", () => {
  const shown = told([]);
  assert.deepEqual(shown.map(({ name }) => name), ["picture", "one_add", "two_add", "classes"]);
  assert.deepEqual(shown.map(({ inputs }) => inputs), [[], ["picture"], ["one_add"], ["two_add"]]);
  assert.deepEqual(shown.map(({ column }) => column), [0, 1, 2, 3]);
  assert.deepEqual(shown.map(({ members }) => members || 0), [0, 3, 2, 0]);
  assert.equal(shown[1].title, "one");
});

test("a block that is opened shows its layers, the first of which closes it", () => {
  const shown = told(["one"]);
  assert.deepEqual(shown.map(({ name }) => name), ["picture", "one_conv", "one_relu", "one_add", "two_add", "classes"]);
  assert.deepEqual(shown.map(({ column }) => column), [0, 1, 2, 3, 4, 5]);
  assert.deepEqual(shown.filter(({ isFirst }) => isFirst).map(({ name }) => name), ["one_conv"]);
  assert.deepEqual(shown[4].inputs, ["one_add", "one_relu"]);
});

test("the blocks that are open have numbers in a view, and others are none", () => {
  assert.deepEqual([...network.openedIn({ blocks: "1,0,7" }, LAYERS)].sort(), ["one", "two"]);
  assert.deepEqual([...network.openedIn({}, LAYERS)], []);
  assert.equal(network.asOpened(new Set(["two"]), LAYERS), "1");
  assert.equal(network.asOpened(new Set(["two", "one"]), LAYERS), "0,1");
});

test("a network without blocks is drawn as the server placed it", () => {
  const plain = LAYERS.map((one) => ({ ...one, fold: "", column: 7 }));
  assert.equal(network.folded(plain, new Set()), plain);
});
