import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "./scripts.js";

const { unpack, deflate, inflate } = load(["05-wire/wire.js"]);

function packed(facts, ...arrays) {
  const text = new TextEncoder().encode(JSON.stringify(facts));
  const head = new Uint8Array(4 + Math.ceil(text.length / 4) * 4).fill(32);
  new DataView(head.buffer).setUint32(0, head.length - 4, true);
  head.set(text, 4);
  const parts = arrays.map((array) => {
    const part = new Uint8Array(Math.ceil(array.byteLength / 4) * 4);
    part.set(new Uint8Array(array.buffer));
    return part;
  });
  const whole = new Uint8Array([head, ...parts].reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of [head, ...parts]) {
    whole.set(part, at);
    at += part.length;
  }
  return whole.buffer;
}

test("arrays stand behind the facts, each from a multiple of four bytes", () => {
  const facts = {
    page: { title: "conv2d · 3×3" },
    arrays: [
      { dtype: "uint8", shape: [1, 5] },
      { dtype: "float32", shape: [2, 2] },
    ],
  };
  const found = unpack(packed(facts, Uint8Array.of(1, 2, 3, 4, 5), Float32Array.of(0.5, -1, 2, 3)));
  assert.equal(found.page.title, "conv2d · 3×3");
  assert.deepEqual([...found.arrays[0].values], [1, 2, 3, 4, 5]);
  assert.deepEqual([...found.arrays[1].values], [0.5, -1, 2, 3]);
  assert.deepEqual([...found.arrays[1].shape], [2, 2]);
});

test("bytes come back from the text of an address", async () => {
  const bytes = Uint8Array.from({ length: 784 }, (_, i) => (i * 37) % 256);
  const text = await deflate(bytes);
  assert.match(text, /^[A-Za-z0-9_-]+$/);
  assert.deepEqual([...(await inflate(text))], [...bytes]);
});

test("a damaged text is nothing", async () => {
  assert.equal(await inflate("no picture"), null);
  assert.equal(await inflate("!"), null);
});
