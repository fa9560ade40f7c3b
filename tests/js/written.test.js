import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "./scripts.js";

class MutationObserver {
  observe() {}
}
const SCRIPTS = ["20-plotly/plotly.js", "30-figures/colours.js", "30-figures/written.js"];
const { colourStops, inkOn, short } = load(SCRIPTS, { around: { MutationObserver } });

test("a number is written with few digits in the shortest way", () => {
  const two = [-0.01864, 0.000998, 1234.5, 0.1249, -0.0000123, 0, 96].map((value) => short(value, 2));
  assert.deepEqual(two, ["−0.019", "1e−3", "1200", "0.12", "−1.2e−5", "0", "96"]);
  const one = [-0.00811, 0.076, 123456, -0.5].map((value) => short(value, 1));
  assert.deepEqual(one, ["−8e−3", "0.08", "1e5", "−0.5"]);
});

test("a number is written in black or white, which is better to read on the colour of its cell", () => {
  const stops = colourStops([[0, "#053061"], [0.5, "#f7f7f7"], [0.75, "rgb(214, 96, 77)"], [1, "#67001f"]]);
  const inks = [-9, -2, 0, 1, 2].map((value) => inkOn(value, { low: -2, high: 2, stops }));
  assert.deepEqual(inks, ["#fff", "#fff", "#000", "#000", "#fff"]);
});
