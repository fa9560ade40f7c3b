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

// The script with a server that answers when the test says so, and a clock that the test moves on.
function computing({ isStarting = () => false } = {}) {
  const line = { hidden: true, textContent: "" };
  const timers = new Map();
  const ends = [];
  const around = {
    setTimeout: (act) => (timers.set(act, act), act),
    clearTimeout: (timer) => timers.delete(timer),
  };
  const asked = () => new Promise((end) => ends.push(end));
  const wait = () => [...timers.keys()].forEach((act) => timers.delete(act) && act());
  const { fetch } = load(["05-wire/busy.js"], { fetch: asked, page: { busy: line }, found: () => isStarting() || null, around });
  return { line, fetch, answer: (status = 200) => ends.shift()(new Response("", { status })), wait };
}

test("a callback that takes long says so until its answer is there, and one that does not says nothing", async () => {
  const page = computing();
  const long = page.fetch("/below/_dash-update-component", {});
  assert.equal(page.line.hidden, true);
  page.wait();
  assert.deepEqual(page.line, { hidden: false, textContent: "The server computes what this page shows next …" });
  page.answer();
  await long;
  assert.deepEqual(page.line, { hidden: true, textContent: "" });
  const quick = page.fetch("/below/_dash-update-component", {});
  page.answer();
  await quick;
  page.wait();
  assert.equal(page.line.hidden, true);
});

test("what is no part of the page, and a page that waits for the server's start, say nothing of it", () => {
  const other = computing();
  other.fetch("/below/studies", {});
  other.wait();
  assert.equal(other.line.hidden, true);
  let isStarting = true;
  const starting = computing({ isStarting: () => isStarting });
  starting.fetch("/below/_dash-update-component", {});
  starting.wait();
  assert.equal(starting.line.hidden, true);
  isStarting = false;
  starting.wait();
  assert.equal(starting.line.hidden, false);
});
