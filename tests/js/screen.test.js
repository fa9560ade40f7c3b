import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "./scripts.js";

// A page that depends on the channel, beside a panel that depends on the digit.
function start() {
  const page = { content: { className: "" } };
  const parts = { panel: ["index"], filters: ["channel"] };
  const { cnn, dash, noUpdate } = load(["10-state/state.js", "50-screen/screen.js"], { page, rules: { parts } });
  const asked = [];
  Object.assign(cnn, {
    dropPending() {}, openPage: () => "filters", pageLayer: () => "", networkOf: () => "a network",
    toQuery: (view) => JSON.stringify(view), valuesAddress: () => "/", live: (make, ends) => asked.push(ends),
  });
  cnn.follow({ index: "0", channel: "0" }, "ready", null, null);
  cnn.follow({ index: "0", channel: "0" }, "ready", { network: "a network" }, null);
  const wants = (opened = ["figures"], view = { index: "0" }) => {
    dash.callback_context = { outputs_list: { id: "filters-wanted" }, triggered: [] };
    const wanted = cnn.wantScreen(view, { network: "a network" }, opened, "", null);
    return wanted === noUpdate ? undefined : wanted;
  };
  return { ask: cnn.keepUp, wants, painted: cnn.painted, differs: (view) => ({ ...cnn.differs(view) }), asked };
}

test("the view is asked for once", () => {
  const { ask, differs, asked } = start();
  ask({ index: "0", channel: "1" });
  ask({ index: "0", channel: "1" });
  assert.equal(asked.length, 1);
  assert.deepEqual(differs({ index: "0", channel: "1" }), { panel: false, page: false });
});

test("what a slider shows in the panel alone leaves the page as it is", () => {
  const { ask, painted, differs } = start();
  ask({ index: "0", channel: "1" });
  painted({ index: "5", channel: "1" }, true);
  assert.deepEqual(differs({ index: "5", channel: "1" }), { panel: false, page: false });
  assert.deepEqual(differs({ index: "5", channel: "2" }), { panel: false, page: true });
  painted(null, true);
  assert.deepEqual(differs({ index: "5", channel: "1" }), { panel: true, page: false });
});

test("a page whose answer was dropped for one of the panel alone is not of the view", () => {
  const { ask, painted, differs, asked } = start();
  const view = { index: "0", channel: "1" };
  ask(view);
  asked[0].dropped();
  painted({ ...view, index: "5" }, true);
  assert.deepEqual(differs({ ...view, index: "5" }), { panel: false, page: true });
});

// A page that holds its figures, of the digit 0, while the view has come to 1; `asked` are the requests since.
function holding({ isRepaired = false, isBehind = () => false, isBusy = () => false } = {}) {
  const page = { content: { className: "" } };
  const parts = { panel: ["index"], filters: ["index"] };
  const { cnn } = load(["10-state/state.js", "50-screen/screen.js"], { page, rules: { parts } });
  const [asked, view] = [[], { index: "1" }];
  Object.assign(cnn, {
    dropPending() {}, openPage: () => "filters", pageLayer: () => "", networkOf: () => "a network",
    toQuery: (of) => JSON.stringify(of), valuesAddress: () => "/", currentView: () => view,
    live: (make, ends) => asked.push({ ...make(), ...ends }), isBehind, isBusy,
  });
  const screen = { page: "filters", form: "a form", places: [], texts: {}, hidden: {}, properties: {}, later: [] };
  const layers = { network: "a network" };
  cnn.showScreen({ ...screen, view: { index: "0" } });
  cnn.follow(view, "ready", layers, isRepaired ? { view, messages: ["Mended."] } : null);
  const answer = (page) => {
    cnn.painted(view, !page);
    if (page) cnn.paintScreen({ ...screen, charts: {}, ...page }, [], { path: "/", view, moving: "" });
    cnn.settle(view);
  };
  // The answer of another view comes last.
  const answerOf = (other, follows) => {
    cnn.painted(other, false);
    cnn.paintScreen({ ...screen, charts: {} }, [], { path: "/", view: other, moving: "" });
    cnn.settle(other, follows);
  };
  return { asked, answer, answerOf, follow: (of = view) => cnn.follow(of, "ready", layers, null), view };
}

test("a page is asked for again whose answer was dropped for one of the panel alone", () => {
  const { asked, answer } = holding();
  asked[0].dropped();
  answer(null);
  assert.equal(asked.length, 2);
  answer({});
  assert.equal(asked.length, 2);
});

test("a page is asked for again whose answer is for figures that have gone", () => {
  const { asked, answer } = holding();
  answer({ form: "a form of before" });
  assert.equal(asked.length, 2);
});

test("a page that cannot be shown is asked for once", () => {
  const { asked, answer } = holding();
  answer({ form: null, charts: undefined });
  assert.equal(asked.length, 1);
});

test("a page that is held follows a link that had to be repaired", () => {
  const { asked, follow, view } = holding({ isRepaired: true });
  assert.equal(asked.length, 0);
  follow();
  assert.deepEqual(asked.map((one) => one.view), [view]);
});

test("a view that Dash tells of while a newer one waits is not asked for", () => {
  const before = { index: "0" };
  const { asked, answer, follow } = holding({ isBehind: (of) => of.index === "0" });
  answer({});
  follow(before);
  assert.equal(asked.length, 1);
});

test("the view that is shown is asked for again when the answer of one from before comes last", () => {
  const { asked, answer, answerOf, view } = holding();
  answer({});
  answerOf({ index: "0" }, true);
  assert.deepEqual(asked.map((one) => one.view), [view, view]);
  answer({});
  assert.equal(asked.length, 2);
});

test("it is left to what is under way, and to what is attempted", () => {
  for (const [isBusy, follows] of [[true, true], [false, false]]) {
    const { asked, answer, answerOf } = holding({ isBusy: () => isBusy });
    answer({});
    answerOf({ index: "0" }, follows);
    assert.equal(asked.length, 1);
  }
});

test("figures that are on their way are not wanted once more", () => {
  const { wants } = start();
  assert.equal(wants().number, 2);
  assert.equal(wants(), undefined);
  assert.equal(wants(["other", "figures"]).number, 3);
  assert.equal(wants(["other", "figures"], { index: "1" }).number, 4);
  assert.equal(wants(["other", "figures"], { index: "1" }), undefined);
});

// A page that leaves a curve out, which comes in three parts; `next` lets one arrive.
function leavingOut() {
  const [asked, arrivals] = [[], []];
  const page = { content: { className: "" } };
  const fetch = (address) => new Promise((arrive) => {
    asked.push(address);
    arrivals.push(() => arrive({ ok: true, arrayBuffer: async () => asked.length }));
  });
  const { cnn } = load(["10-state/state.js", "50-screen/screen.js"], { page, rules: { parts: { filters: ["index"] } }, around: { fetch } });
  const screen = { page: "filters", places: [], form: "a form", texts: {}, hidden: {}, properties: {}, charts: {} };
  const view = { index: "0" };
  Object.assign(cnn, {
    dropPending() {}, currentView: () => view,
    valuesAddress: (of, extra) => JSON.stringify([of, extra]),
    unpack: (parts) => ({
      page: { ...screen, charts: { [`part ${parts}`]: {} }, later: parts < 3 ? ["curve"] : [] }, arrays: [],
    }), paintChart() {}, bringLater() {},
  });
  cnn.showScreen({ ...screen, places: ["at once", "curve"], view, later: ["curve"] });
  const next = async () => {
    arrivals.shift()();
    await new Promise((done) => setTimeout(done, 0));
  };
  const another = (moving) => cnn.paintScreen({ ...screen, later: [] }, [], { path: "/", view: { index: "1" }, moving });
  return { asked, next, another };
}

test("what a page leaves out is asked for part by part, until it is whole", async () => {
  const { asked, next } = leavingOut();
  for (let part = 0; part < 3; part++) await next();
  const had = [["at once"], ["at once", "part 1"], ["at once", "part 1", "part 2"]];
  assert.deepEqual(asked.map((address) => JSON.parse(address)), had.map((places) =>
    [{ index: "0" }, [["rest", "1"], ...places.map((place) => ["had", place])]]));
});

test("nothing more of it is asked for when the page shows another view, or a pen moves", async () => {
  for (const moving of ["", "picture"]) {
    const { asked, next, another } = leavingOut();
    await next();
    another(moving);
    await next();
    assert.equal(asked.length, 2);
  }
});
