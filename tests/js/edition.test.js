import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "./scripts.js";

// Whether the page is called outdated, and what it says, once it got this answer from an address.
async function after(answer) {
  const told = [];
  const line = { hidden: true };
  const { fetch } = load(["05-wire/edition.js"], {
    rules: { edition: "mine" }, page: { outdated: line }, fetch: async () => answer,
    onProps: (id, props) => told.push([id, props.children]),
  });
  assert.equal(await fetch("/below/news"), answer);
  return { isOutdated: !line.hidden, told };
}

const answer = (headers, { status = 200, text = "{}" } = {}) => new Response(text, { status, headers });
const OWN = { "X-Edition": "mine" };
const OTHER = { "X-Edition": "other" };

test("an answer of another edition makes the page an outdated one", async () => {
  assert.equal((await after(answer(OTHER))).isOutdated, true);
  assert.equal((await after(answer(OTHER, { status: 404 }))).isOutdated, true);
});

test("one of its own, or of a proxy that knows of none, does not", async () => {
  assert.equal((await after(answer(OWN))).isOutdated, false);
  assert.equal((await after(answer({}, { status: 502 }))).isOutdated, false);
});

test("a callback that was refused says so on the page, and Dash can still read it", async () => {
  const text = "No page sends this.";
  const refused = answer({ ...OWN, "X-Refusal-Untold": "yes" }, { status: 400, text });
  assert.deepEqual((await after(refused)).told, [["notice", text]]);
  assert.equal(await refused.text(), text);
  assert.deepEqual((await after(answer(OWN, { status: 400 }))).told, []);
});
