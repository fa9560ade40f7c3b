import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "./scripts.js";

const { isHidden, verdictOn } = load(["10-state/state.js", "50-screen/screen.js", "80-pages/guess.js"]);
const question = { key: "a", right: [1, 2], reason: "The sum is 3." };

test("nothing is hidden unless the reader wants to guess", () => {
  for (const one of [undefined, null, question]) assert.equal(isHidden(false, one, null), false);
});

test("until the page has said what it asks, the answer is hidden; where it asks nothing, it is not", () => {
  assert.equal(isHidden(true, undefined, null), true);
  assert.equal(isHidden(true, null, null), false);
});

test("a guess of this question reveals the answer, and one of another does not", () => {
  assert.equal(isHidden(true, question, null), true);
  assert.equal(isHidden(true, question, { key: "a", option: 0 }), false);
  assert.equal(isHidden(true, question, { key: "b", option: 1 }), true);
});

test("the verdict says whether the guess was right, and why", () => {
  assert.equal(verdictOn(question, 2), "✓ You are right. The sum is 3.");
  assert.equal(verdictOn(question, 0), "✗ Not so. The sum is 3.");
});
