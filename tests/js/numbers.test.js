import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "./scripts.js";

const rules = JSON.parse(process.env.VIEW_RULES);
const VIEW = { model: "abc", data: "mnist", split: "test", index: "3" };

test("a view from before the last digit was typed takes nothing out of the field", () => {
  const field = { value: "12", classList: { remove() {} }, removeAttribute() {} };
  const box = { id: "channel", dataset: { part: "channel" }, querySelector: () => field, lastChild: {} };
  const { cnn, noUpdate } = load(["10-state/state.js", "40-input/numbers.js"], { rules, page: { channel: box } });
  Object.assign(cnn, { keepUp: () => true, present() {}, filterBroken() {}, whenPainted() {} });
  cnn.write(VIEW);
  cnn.changeView({ channel: 1 });
  cnn.changeView({ channel: 12 });
  assert.equal(cnn.showNumber({ ...VIEW, channel: "1" }, "channel"), noUpdate);
  assert.equal(field.value, "12");
  cnn.showNumber({ ...VIEW, index: "4", channel: "7" }, "channel");
  assert.equal(field.value, "7");
});
