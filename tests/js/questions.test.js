import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "./scripts.js";

const asking = (fetch) => load(["05-wire/questions.js"], { fetch, around: { fetch } }).ask;
const plain = (value) => JSON.parse(JSON.stringify(value));

test("an answer in JSON is what is asked for, or says why not", async () => {
  assert.deepEqual(plain(await asking(async () => Response.json({ names: ["cat"] }))("/")), { names: ["cat"] });
  const refused = Response.json({ problem: "Sign in." }, { status: 401 });
  assert.deepEqual(plain(await asking(async () => refused)("/")), { problem: "Sign in." });
});

test("a refusal in words is the problem", async () => {
  const refused = new Response("Too often: wait.", { status: 429, headers: { "Content-Type": "text/plain" } });
  assert.deepEqual(plain(await asking(async () => refused)("/")), { problem: "Too often: wait." });
});

test("no answer, and one of another kind, are silence", async () => {
  const page = new Response("<html>", { headers: { "Content-Type": "text/html" } });
  for (const fetch of [async () => page, async () => Promise.reject(Error("gone"))]) {
    const { problem, isSilent } = await asking(fetch)("/");
    assert.equal(problem, "The server does not answer: try again.");
    assert.equal(isSilent, true);
  }
});

test("a body is sent as JSON", async () => {
  let sent;
  await asking(async (address, options) => (sent = options, Response.json({})))("/", { find: true });
  assert.equal(sent.method, "POST");
  assert.equal(sent.body, '{"find":true}');
});
