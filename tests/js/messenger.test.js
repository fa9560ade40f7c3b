import assert from "node:assert/strict";
import { test } from "node:test";
import { createContext, runInContext } from "node:vm";

import { load } from "./scripts.js";

const settled = () => new Promise((rest) => setImmediate(rest));

// The thread of its own, run here: `fetched` are the addresses that the server was asked, `answer` answers the
// oldest of them that waits, and `heard` are the numbers with the values or the refusals that came.
async function start() {
  const fetched = [], open = [], heard = [], blobs = [];
  class Worker {
    constructor() {
      this.self = { postMessage: (data) => this.onmessage({ data }) };
      const fetch = (address) => {
        fetched.push(address.replace("http://here", ""));
        return new Promise((done, fail) => open.push({ done, fail }));
      };
      const around = { self: this.self, fetch, performance, setTimeout: (act) => setImmediate(act) };
      this.ready = blobs[0].text().then((code) => runInContext(code, createContext(around)));
    }
    postMessage(data) {
      this.self.onmessage({ data });
    }
  }
  let worker;
  const { cnn } = load(["50-screen/messenger.js"], {
    around: {
      Worker: function () { return (worker = new Worker()); },
      URL: { createObjectURL: (blob) => blobs.push(blob) },
      location: { origin: "http://here" },
    },
  });
  const restOf = (answer) => answer.rest || 0;
  Object.assign(cnn, { unpack: (buffer) => buffer.text, restOf });
  const post = cnn.messenger((data) => heard.push(data));
  await worker.ready;
  let number = 0;
  const respond = async (made) => {
    const { done, fail } = open.shift();
    if (made) done(made);
    else fail(new Error("gone"));
    await settled();
  };
  return {
    fetched, heard, respond,
    ask: async (address, ahead) => {
      post({ number: ++number, address, ahead });
      await settled();
    },
    answer: (text) => respond({ ok: true, status: 200, arrayBuffer: async () => ({ text }) }),
    refuse: (text) => respond({ ok: false, status: 400, text: async () => text }),
  };
}

const values = (heard) => heard.map(({ number, values }) => [number, values]);

test("what is asked for ahead is fetched when nothing waits, and answers the next request", async () => {
  const page = await start();
  await page.ask("/1", "/2");
  assert.deepEqual(page.fetched, ["/1"]);
  await page.answer("one");
  assert.deepEqual(page.fetched, ["/1", "/2"]);
  await page.answer("two");
  assert.deepEqual(values(page.heard), [[1, "one"]]);
  await page.ask("/2", "/3");
  assert.deepEqual(values(page.heard), [[1, "one"], [2, "two"]]);
  assert.deepEqual(page.fetched, ["/1", "/2", "/3"]);
});

test("a request joins what is already on its way ahead", async () => {
  const page = await start();
  await page.ask("/1", "/2");
  await page.answer("one");
  await page.ask("/2");
  assert.deepEqual(page.fetched, ["/1", "/2"]);
  await page.answer("two");
  assert.deepEqual(values(page.heard), [[1, "one"], [2, "two"]]);
});

test("whoever goes elsewhere is answered from the server, and nothing is kept for later", async () => {
  const page = await start();
  await page.ask("/1", "/2");
  await page.answer("one");
  await page.answer("two");
  await page.ask("/9");
  await page.answer("nine");
  await page.ask("/2");
  await page.answer("two anew");
  assert.deepEqual(page.fetched, ["/1", "/2", "/9", "/2"]);
  assert.deepEqual(values(page.heard), [[1, "one"], [2, "nine"], [3, "two anew"]]);
});

test("nothing is asked for ahead while a newer request waits", async () => {
  const page = await start();
  await page.ask("/1", "/2");
  await page.ask("/2", "/3");
  await page.answer("one");
  assert.deepEqual(page.fetched, ["/1", "/2"]);
  await page.answer("two");
  assert.deepEqual(page.fetched, ["/1", "/2", "/3"]);
});

test("what failed ahead is asked for again, and its refusal is the second one's", async () => {
  for (const fails of ["refuse", "respond"]) {
    const page = await start();
    await page.ask("/1", "/2");
    await page.answer("one");
    await page[fails]();
    await page.ask("/2");
    await page.refuse("no such moment");
    assert.deepEqual(page.fetched, ["/1", "/2", "/2"]);
    assert.deepEqual(page.heard[1].refusal, "no such moment");
  }
});
