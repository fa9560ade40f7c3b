import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "./scripts.js";

// The script with a server that answers when the test says so; `frame` shows what has come.
function start() {
  const prediction = { getAttribute: () => "", setAttribute() {} };
  const frames = [], told = [], ended = [], settled = [];
  const { cnn } = load(["50-screen/live.js"], {
    page: { prediction }, onProps: (id, { children }) => told.push(children), around: { requestAnimationFrame: (act) => frames.push(act) },
  });
  let hear;
  Object.assign(cnn, {
    messenger: (heard) => ((hear = heard), () => {}), sayBusy() {}, sayIfLong: () => () => {}, paintPanel() {}, painted() {}, settle: (view) => settled.push(view),
    currentView: () => ({}),
  });
  const ask = async (name, given = {}) => {
    const ends = Object.fromEntries(["painted", "dropped", "refused"].map((end) => [end, () => ended.push(`${name} ${end}`)]));
    await cnn.live(() => ({ address: "/", view: {}, moving: "epoch" }), { ...ends, ...given });
  };
  const values = { panel: {}, arrays: {} };
  return {
    cnn, ask, ended, told, settled,
    answer: (number) => hear({ number, values }),
    refuse: (number) => hear({ number, refusal: "no" }),
    frame: () => frames.splice(0).forEach((act) => act()),
  };
}

test("a request ends by being painted", async () => {
  const page = start();
  await page.ask("first");
  page.answer(1);
  assert.deepEqual(page.ended, []);
  page.frame();
  assert.deepEqual(page.ended, ["first painted"]);
});

test("what is asked for before is dropped when the newer answer comes", async () => {
  const page = start();
  await page.ask("first");
  await page.ask("second");
  page.answer(2);
  assert.deepEqual(page.ended, ["first dropped"]);
  page.answer(1);
  page.frame();
  assert.deepEqual(page.ended, ["first dropped", "second painted"]);
});

test("of two answers between two frames the older is dropped", async () => {
  const page = start();
  await page.ask("first");
  await page.ask("second");
  page.answer(1);
  page.answer(2);
  page.frame();
  assert.deepEqual(page.ended, ["first dropped", "second painted"]);
});

test("stopping drops attempts, on their way or arrived, and nothing that follows the view", async () => {
  const page = start();
  await page.ask("arrived");
  page.answer(1);
  await page.ask("attempt");
  await page.ask("view", { follows: true });
  page.cnn.stopLive();
  page.answer(3);
  page.frame();
  assert.deepEqual(page.ended, ["attempt dropped", "arrived dropped", "view painted"]);
});

test("of an attempt that is refused the reader is told", async () => {
  for (const follows of [false, true]) {
    const page = start();
    await page.ask("one", { follows });
    page.refuse(1);
    assert.deepEqual(page.ended, ["one refused"]);
    assert.deepEqual(page.told, follows ? [] : ["no"]);
  }
});

test("the page follows the view again after an attempt was refused", async () => {
  const page = start();
  await page.ask("the view", { follows: true });
  page.refuse(1);
  assert.equal(page.settled.length, 0);
  await page.ask("an attempt");
  page.refuse(2);
  assert.equal(page.settled.length, 1);
});
