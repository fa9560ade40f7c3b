// The pad hears of the pointer between two frames where the browser tells of it, and else once a frame.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./scripts.js";

// An element that keeps its listeners, and does nothing else.
function element() {
  const heard = {};
  const context = new Proxy({}, { get: () => () => {}, set: () => true });
  return {
    addEventListener: (name, act) => (heard[name] = [...(heard[name] || []), act]),
    fire: (name, event) => (heard[name] || []).forEach((act) => act({ ...event, preventDefault() {} })),
    getBoundingClientRect: () => ({ left: 0, top: 0, width: 280 }),
    getContext: () => context,
    append() {}, setAttribute() {}, setPointerCapture() {}, focus() {},
  };
}

function drawing(known) {
  const { Pad } = load(["40-input/pad.js"], { known, make: element });
  const changes = [];
  const pad = new Pad("", { ink: "#fff", width: 20, onChange: () => changes.push(pad.stroke.points.length) });
  pad.canvas.fire("pointerdown", { button: 0, buttons: 1, clientX: 0, clientY: 0 });
  const move = (name, timeStamp, ...places) => {
    const passed = places.map((clientX) => ({ clientX, clientY: 0 }));
    pad.canvas.fire(name, { timeStamp, ...passed.at(-1), getCoalescedEvents: () => passed });
  };
  return { pad, changes, move };
}

test("what a pointer does between two frames is told before the next, and a quick one is not told at each move", () => {
  const { pad, changes, move } = drawing({ onpointerrawupdate: null });
  move("pointerrawupdate", 100, 10, 20);
  assert.deepEqual(changes, [1, 3]);
  move("pointerrawupdate", 104, 30);
  assert.deepEqual(changes, [1, 3]);
  move("pointermove", 106, 10, 20, 30);
  assert.deepEqual(changes, [1, 3, 4]);
  move("pointermove", 108, 30);
  assert.deepEqual(changes, [1, 3, 4]);
  assert.deepEqual(Array.from(pad.stroke.points, ([x]) => x), [0, 10, 20, 30]);
});

test("a browser that does not tell of it is heard once a frame", () => {
  const { pad, changes, move } = drawing({});
  move("pointermove", 100, 10, 20);
  move("pointermove", 103, 30);
  assert.deepEqual(changes, [1, 3, 4]);
  assert.deepEqual(Array.from(pad.stroke.points, ([x]) => x), [0, 10, 20, 30]);
});
