import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "./scripts.js";

const VIEW = { model: "m", index: 3, given: "1:40", also: "2:5", data: "own:1", surgery: "conv:0*0" };

// The parts of a place of studies: nothing in them is looked at here.
const piece = () => ({ replaceChildren() {}, removeAttribute() {}, setAttribute() {}, dataset: {} });

function askedOf(kind) {
  const box = { dataset: { kind, text: "" }, querySelector: piece, querySelectorAll: () => [], isConnected: true };
  const rules = { addresses: { studies: "/studies" }, parts: { panel: [] } };
  const { cnn } = load(["10-state/state.js", "80-pages/studies.js"], { rules, page: { box } });
  const asked = [];
  Object.assign(cnn, { markPicture() {}, ask: (address) => (asked.push(new URL(address, "http://here")), new Promise(() => {})) });
  cnn.followStudy("box", "conv", VIEW);
  return asked[0].searchParams;
}

test("a study over many pictures is asked with what is given to further inputs, whichever picture is shown", () => {
  for (const kind of ["evaluate", "rank", "diagnose", "tops", "synthesise"]) {
    const query = askedOf(kind);
    assert.equal(query.get("given"), "1:40", kind);
    assert.equal(query.get("also"), "2:5", kind);
    assert.equal(query.get("index"), null, kind);
  }
});
