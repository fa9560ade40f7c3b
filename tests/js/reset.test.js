import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "./scripts.js";

test("a beginning is run at once, and again at every reset, in the order of the scripts", () => {
  const { atStart, reset } = load([]);
  const run = [];
  atStart(() => run.push("first"));
  atStart(() => run.push("second"));
  assert.deepEqual(run, ["first", "second"]);
  reset();
  assert.deepEqual(run, ["first", "second", "first", "second"]);
});

test("after a reset the screen of a page that was left is not held", () => {
  const page = { content: { className: "" } };
  const { cnn } = load(["10-state/state.js", "50-screen/screen.js"], { page });
  Object.assign(cnn, { dropPending() {}, currentView: () => null });
  const screen = { places: [], page: "filters", form: "a form", texts: {}, hidden: {}, properties: {}, later: [] };
  cnn.showScreen(screen);
  assert.equal(cnn.heldForm(), "a form");
  cnn.reset();
  assert.equal(cnn.heldForm(), "");
});

test("a reset drops what a pen or a slider has asked for, and not what the view has become", () => {
  const prediction = { getAttribute: () => "", setAttribute() {} };
  const { cnn } = load(["50-screen/live.js"], { page: { prediction } });
  Object.assign(cnn, { messenger: () => () => {}, sayIfLong: () => () => {} });
  const refused = () => {};
  cnn.live(() => ({ address: "/values/panel" }));
  assert.ok(cnn.isBusy());
  cnn.reset();
  assert.ok(!cnn.isBusy());
  cnn.live(() => ({ address: "/values/panel" }), { follows: true, refused });
  cnn.reset();
  assert.ok(cnn.isBusy());
});

test("after a reset the labels of a data set are fetched again", async () => {
  const fetched = [];
  const fetch = (address) => {
    fetched.push(address);
    return Promise.resolve(new Response(Uint16Array.of(3, 1, 4)));
  };
  const { cnn } = load(["10-state/samples.js"], { around: { fetch } });
  const view = { data: "mnist", split: "test" };
  assert.deepEqual([...(await cnn.labelsOf(view))], [3, 1, 4]);
  await cnn.labelsOf(view);
  assert.equal(fetched.length, 1);
  cnn.reset();
  await cnn.labelsOf(view);
  assert.equal(fetched.length, 2);
});

test("after a reset the list of runs asks for no part of it", () => {
  const { cnn } = load(["70-training/runs.js"]);
  const part = (asked = new URLSearchParams()) => (cnn.askForRuns(asked), String(asked));
  cnn.hear = () => {};
  cnn.followRuns("a look", { page: 2 });
  assert.equal(part(), "list-page=2");
  cnn.reset();
  assert.equal(part(), "");
});
