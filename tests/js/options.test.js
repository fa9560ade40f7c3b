import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "./scripts.js";

const { cnn } = load(["10-state/options.js"], {});
const withOption = (...given) => ({ ...cnn.withOption(...given) });
const SAMPLES = "explain-option-smoothgrad-samples";
const LAYER = "explain-option-grad_cam-layer";

test("an option is read by the name of its control, and is none at its default", () => {
  const view = { options: "smoothgrad.samples:8;grad_cam.layer:a%3Bb" };
  assert.equal(cnn.optionOf(view, SAMPLES), "8");
  assert.equal(cnn.optionOf(view, LAYER), "a;b");
  assert.equal(cnn.optionOf(view, "explain-option-smoothgrad-seed"), undefined);
  assert.equal(cnn.optionOf({}, SAMPLES), undefined);
  const steps = { options: "synthesis.step_size:2" };
  assert.equal(cnn.optionOf(steps, "features-option-synthesis-step_size"), "2");
});

test("an option that is set stands beside the others, and the default takes it away", () => {
  const one = withOption({}, SAMPLES, "8");
  assert.deepEqual(one, { options: "smoothgrad.samples:8" });
  const both = withOption(one, LAYER, "a;b:ü");
  assert.equal(cnn.optionOf(both, LAYER), "a;b:ü");
  assert.deepEqual(withOption(both, LAYER, null), one);
  assert.deepEqual(withOption(one, SAMPLES, null), { options: null });
});
