import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "./scripts.js";

const at = (pathname) => load([], { around: { location: { pathname, search: "" } } });

test("parts of an address are filled in, each as one part", () => {
  const { addressOf } = at("/below/");
  assert.equal(addressOf("link"), "/below/link");
  assert.equal(addressOf("labels", { data: "mnist", split: "test", index: "3" }), "/below/labels/mnist/test");
  assert.equal(addressOf("layer_values", { page: "filters", layer: "a/b 1" }), "/below/values/filters/a%2Fb%201");
});

test("the window's address says page and layer, below the path of the server", () => {
  for (const [path, page, layer] of [
    ["/below/", "network", ""],
    ["/below", "network", ""],
    ["/below/filters", "filters", ""],
    ["/below/filters/", "filters", ""],
    ["/below/activations/inner%2Fconv%201", "activations", "inner/conv 1"],
    ["/below/activations/inner/conv", "activations", "inner/conv"],
  ]) {
    const { openPage, pageLayer } = at(path);
    assert.deepEqual([openPage(), pageLayer()], [page, layer], path);
  }
});

test("the first page has the path of the server, the others are below it", () => {
  const { pathOf } = at("/below/");
  assert.equal(pathOf("network"), "/below/");
  assert.equal(pathOf("glossary"), "/below/glossary");
});
