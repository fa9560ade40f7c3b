import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "./scripts.js";

const rules = JSON.parse(process.env.VIEW_RULES);
const addresses = {
  labels: "/labels/<data>/<split>", readable: "/readable/<data>/<split>", classes: "/classes/<data>", link: "/link",
};
const VIEW = { model: "abc", data: "own:0123456789ab", split: "train", index: "3" };

// Labels and class names by data set, and the places that a server can read; what was said and asked is kept.
function page({ labels, names = {}, readable = () => true, view = VIEW }) {
  const said = [], asked = [];
  const fetch = async (address) => {
    asked.push(address);
    const [, route, rest] = address.match(/^\/(\w+)\/(.*)$/);
    const [place, query] = rest.split("?");
    const known = decodeURIComponent(place);
    if (route === "labels") return new Response(new Uint16Array(labels[known]).buffer);
    if (route === "classes") return Response.json(names[known]);
    const places = new URLSearchParams(query).get("places").split(",").map(Number);
    return Response.json({ index: places.find(readable) ?? null });
  };
  const onProps = (name, { children }) => name === "notice" && said.push(children);
  const scripts = ["10-state/samples.js", "10-state/state.js", "40-input/classes.js"];
  const around = { fetch, Uint16Array, decodeURIComponent };
  const { cnn } = load(scripts, { rules: { ...rules, addresses }, fetch, onProps, around });
  Object.assign(cnn, { keepUp: () => {}, present: () => {}, filterBroken: () => {}, whenPainted: () => {} });
  cnn.write(view);
  return { cnn, said, asked };
}

test("another picture of the class is one that can be read", async () => {
  const labels = { "own:0123456789ab/train": [0, 1, 1, 1, 1, 1] };
  for (let times = 0; times < 20; times += 1) {
    const { cnn, said } = page({ labels, readable: (place) => place === 4 });
    await cnn.pickOf();
    assert.equal(cnn.currentView().index, "4");
    assert.deepEqual(said, []);
  }
});

test("where none can be read a sentence says so, and the picture stays", async () => {
  const labels = { "own:0123456789ab/train": [0, 1, 1, 1, 2, 65535] };
  const { cnn, said } = page({ labels, readable: () => false });
  await cnn.pickOf();
  await cnn.pickOf(0);
  await cnn.pickOf(3);
  assert.equal(cnn.currentView().index, "3");
  assert.deepEqual(said, [
    "No other picture of that class can be read: all 2 are damaged.",
    "No picture of that class can be read: its file is damaged.",
    "There is no picture of that class here.",
  ]);
});

test("the only picture of its class has no other", async () => {
  const { cnn, said } = page({ labels: { "own:0123456789ab/train": [0, 1, 1, 2] } });
  await cnn.pickOf();
  assert.deepEqual(said, ["There is no other picture of that class here."]);
});

test("from a drawing the button of its sample's class leads back to that", async () => {
  const { cnn } = page({ labels: { "own:0123456789ab/train": [0, 1, 1, 2] }, view: { ...VIEW, pixels: "x" } });
  await cnn.pickOf(2);
  assert.deepEqual({ ...cnn.currentView() }, VIEW);
});

test("of very many damaged pictures the one that can be read is found", async () => {
  const labels = { "own:0123456789ab/train": Array(1001).fill(0) };
  const { cnn, asked } = page({ labels, readable: (place) => place === 700 });
  await cnn.pickOf();
  assert.equal(cnn.currentView().index, "700");
  assert.ok(asked.length <= 12);
});

test("pictures that everybody has are not asked about", async () => {
  const { cnn, asked } = page({ labels: { "mnist/test": [0, 0] }, view: { ...VIEW, data: "mnist", split: "test", index: "0" } });
  await cnn.pickOf();
  assert.equal(cnn.currentView().index, "1");
  assert.deepEqual(asked, ["/labels/mnist/test"]);
});

test("another split shows a readable picture of the same class, and the place is in the view", async () => {
  const labels = { "own:0123456789ab/train": [0, 1, 1, 1], "own:0123456789ab/test": [1, 0, 1, 0, 1] };
  const { cnn } = page({ labels, readable: (place) => place !== 0 && place !== 2 });
  const chosen = await cnn.choose("own:0123456789ab/test", "abc", VIEW);
  assert.deepEqual({ ...chosen }, { ...VIEW, split: "test", index: "4" });
});

test("another data set shows the class of the same name, or any where it has none", async () => {
  const labels = { "own:0123456789ab/train": [0, 1, 1, 1], "digits/all": [2, 2, 2, 1], "mnist/test": [0, 1] };
  const names = { "own:0123456789ab": ["cat", "7"], digits: ["x", "7", "cat"], mnist: ["a", "b"] };
  const { cnn } = page({ labels, names });
  assert.equal((await cnn.choose("digits/all", "abc", VIEW)).index, "3");
  cnn.write(VIEW);
  assert.ok(["0", "1"].includes((await cnn.choose("mnist/test", "abc", VIEW)).index));
});

test("of two choices in a row the second counts", async () => {
  const labels = { "own:0123456789ab/train": [0, 1, 1, 1], "own:0123456789ab/test": [1], "own:0123456789ab/all": [1] };
  const { cnn, } = page({ labels });
  const [first, second] = await Promise.all(["test", "all"].map((split) => cnn.choose(`own:0123456789ab/${split}`, "abc", VIEW)));
  assert.equal(typeof first, "symbol");
  assert.equal(second.split, "all");
});
