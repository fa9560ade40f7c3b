import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "./scripts.js";

const answering = (answer) => load(["05-wire/busy.js"], { fetch: async () => answer }).fetch;

test("a refusal with a sentence for the page is an answer that Dash takes, whatever its status", async () => {
  for (const status of [403, 429, 503]) {
    const headers = { "X-Refusal-Told": "yes", "Retry-After": "60", "Content-Type": "application/json" };
    const taken = await answering(new Response('{"response": {}}', { status, headers }))("/", {});
    assert.equal(taken.status, 200);
    assert.equal(taken.headers.get("Content-Type"), "application/json");
    assert.deepEqual(await taken.json(), { response: {} });
  }
});

test("a refusal without one stays what it is", async () => {
  const refused = new Response("Sign in", { status: 403 });
  assert.equal(await answering(refused)("/", {}), refused);
});
