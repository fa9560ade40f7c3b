import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "./scripts.js";

const rules = JSON.parse(process.env.VIEW_RULES);
const { cnn, changed, chooseScale, chosenScale, chooseSource, noUpdate } = load(["10-state/state.js"], { rules });
cnn.keepUp = () => {};
cnn.present = () => {};
cnn.filterBroken = () => {};
const VIEW = { model: "abc", data: "mnist", split: "test", index: "3" };
const from = (view, choose, value) => {
  cnn.write(view);
  return choose(value, view);
};
const became = (view, changes) => ({ ...changed(view, changes) });

test("a sample takes the place of a drawing, of an upload, and of what was erased", () => {
  const drawn = { ...VIEW, pixels: "x", upload: "u", part: "1", erased: "e", rotate: "5" };
  assert.deepEqual(became(drawn, { index: 4 }), { ...VIEW, index: "4", rotate: "5" });
});

test("another model has other moments, channels and classes", () => {
  const looked = { ...VIEW, epoch: "3", other: "1", channel: "2", source: "1", target: "7", of: "3", against: "9", scale: "channel" };
  assert.deepEqual(became(looked, { model: "def" }), { ...VIEW, model: "def", scale: "channel" });
});

test("steps belong to the picture, the model and the moment that was taught", () => {
  const taught = { ...VIEW, teach: "3", rates: "0.1" };
  for (const changes of [{ index: 4 }, { rotate: 5 }, { model: "def" }, { epoch: "2" }, { pixels: "x" }]) {
    assert.ok(!("rates" in became(taught, changes)), JSON.stringify(changes));
  }
  for (const changes of [{ channel: 1 }, { scale: "channel" }, { present: 1 }]) {
    assert.equal(became(taught, changes).rates, "0.1");
  }
});

test("what is set at the same time stays", () => {
  assert.deepEqual(became(VIEW, { index: 4, pixels: "x" }), { ...VIEW, index: "4", pixels: "x" });
});

test("nothing, null and an empty text take a part away", () => {
  for (const gone of [null, undefined, ""]) {
    assert.deepEqual(became({ ...VIEW, rotate: "5" }, { rotate: gone }), VIEW);
  }
});

test("a default is no part of the view, and a control that says it changes nothing", () => {
  assert.equal(from(VIEW, chooseScale, "layer"), noUpdate);
  assert.deepEqual({ ...from(VIEW, chooseScale, "channel") }, { ...VIEW, scale: "channel" });
  assert.equal(chosenScale(VIEW, "channel"), "layer");
  assert.equal(chosenScale(VIEW, "layer"), noUpdate);
  assert.deepEqual({ ...from({ ...VIEW, source: "2" }, chooseSource, "norm") }, VIEW);
});

test("of two changes in a row the second stays, whenever the first comes around", () => {
  const given = [], waiting = [];
  const { cnn: state } = load(["10-state/state.js"], { rules, onProps: (name, { data }) => given.push(data.index) });
  Object.assign(state, { keepUp: () => true, present: () => {}, filterBroken: () => {}, whenPainted: (act) => waiting.push(act) });
  state.write(VIEW);
  state.changeView({ index: 4 });
  waiting.shift()();
  assert.deepEqual(given, ["4"]);
  state.changeView({ index: 5 });
  state.write({ ...VIEW, index: "4" });
  assert.equal(state.currentView().index, "5");
  waiting.shift()();
  assert.deepEqual(given, ["4", "5"]);
  state.write({ ...VIEW, index: "5" });
  state.write({ ...VIEW, index: "9" });
  assert.equal(state.currentView().index, "9");
});

test("what a component of Dash chooses goes along with what is pending", () => {
  const given = [], waiting = [];
  const { cnn: state } = load(["10-state/state.js"], { rules, onProps: (name, { data }) => given.push(data) });
  Object.assign(state, { keepUp: () => true, present: () => {}, filterBroken: () => {}, whenPainted: (act) => waiting.push(act) });
  state.write(VIEW);
  state.changeView({ index: 4 });
  const chosen = state.chooseScale("channel", VIEW);
  assert.deepEqual({ ...chosen }, { ...VIEW, index: "4", scale: "channel" });
  waiting.shift()();
  assert.deepEqual(given, []);
  state.write(chosen);
  assert.equal(state.currentView().scale, "channel");
});

test("views have the network in common that the server says", () => {
  const networks = JSON.parse(process.env.NETWORKS);
  for (const [view, network] of networks) assert.equal(cnn.networkOf(view), network);
  assert.ok(networks.length > 40);
});

test("what sums are taken for is of one output and of one model", () => {
  const taken = { ...VIEW, output: "1", sums: "numbers" };
  assert.deepEqual(became(taken, { output: "2" }), { ...VIEW, output: "2" });
  assert.deepEqual(became(taken, { model: "def" }), { ...VIEW, model: "def" });
  assert.deepEqual(became(taken, { index: "4" }), { ...taken, index: "4" });
});
