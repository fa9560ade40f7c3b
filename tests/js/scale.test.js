import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "./scripts.js";

const { barTicks } = load(["30-figures/scale.js"]);
const textsOf = (range, width) => [...barTicks(range, width, 10).map(({ text }) => text)];

test("the numbers of a colour bar are round, and have one power of ten where they are tiny or huge", () => {
  assert.deepEqual(textsOf([0, 0.9], 400), ["0", "0.2", "0.4", "0.6", "0.8"]);
  assert.deepEqual(textsOf([-1.3e-6, 1.3e-6], 400), ["−1e−6", "−0.5e−6", "0", "0.5e−6", "1e−6"]);
  assert.deepEqual(textsOf([0, 3.2e6], 400), ["0", "1e6", "2e6", "3e6"]);
  assert.deepEqual(textsOf([0, 7000], 400), ["0", "2000", "4000", "6000"]);
});

test("of a narrow colour bar fewer numbers stand there, and none lies over another or outside", () => {
  assert.deepEqual(textsOf([-1.2e-6, 1.2e-6], 150), ["−1e−6", "0", "1e−6"]);
  assert.deepEqual(textsOf([-5.1e-8, 5.1e-8], 142), ["−4e−8", "0", "4e−8"]);
  assert.deepEqual(textsOf([-1.1e-7, 1.1e-7], 138), ["−5e−8", "0", "5e−8"]);
  for (const width of [60, 90, 130, 190, 260, 700]) {
    for (const high of [1, 1.3, 0.025, 4.4e-9, 255, 31234, 9.1e12]) {
      for (const low of [0, -high]) {
        const ticks = barTicks([low, high], width, 10);
        assert.ok(ticks.length);
        ticks.forEach(({ text, at }, i) => {
          const half = 3 * text.length;
          assert.ok(at - half >= -7 && at + half <= width + 7);
          if (i) assert.ok(at - half > ticks[i - 1].at + 3 * ticks[i - 1].text.length);
        });
      }
    }
  }
});

test("a bar of one number, which has no width of values, has no numbers", () => {
  assert.equal(barTicks([2, 2], 100, 10).length, 0);
});
