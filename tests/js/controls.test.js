import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "./scripts.js";

const VIEW = { model: "ab12", data: "mnist", split: "test", index: "3" };
const SCALE = { id: "scale", property: "value" };

function withControls(script) {
  const quiet = () => {};
  const loaded = load([script], { rules: { defaults: { scale: "layer" } } });
  Object.assign(loaded.cnn, { keepUp: quiet, present: quiet, filterBroken: quiet });
  // What the view makes of controls that hold these values; without `isMounted` it is the view that changed.
  const tell = (chosen, view, held, outputs, isMounted = false) => {
    const list = [outputs].flat();
    const states_list = list.map((output, i) => ({ ...output, value: held[i] }));
    const triggered = isMounted ? [] : [{ prop_id: "view.data" }];
    loaded.dash.callback_context = { inputs_list: [], outputs_list: outputs, states_list, triggered };
    return chosen(view, ...held);
  };
  // What becomes of the view by a control that the reader has changed.
  const choose = (chosen, view, value, control) => {
    loaded.dash.callback_context = { inputs_list: [{ ...control, value }] };
    return chosen(value, view);
  };
  return { ...loaded, tell, choose };
}

test("a choice is not undone by a view from before it, and a later view changes the control", () => {
  const { cnn, tell, choose, noUpdate } = withControls("10-state/state.js");
  assert.equal(tell(cnn.chosenScale, VIEW, ["layer"], SCALE, true), noUpdate);
  assert.equal(tell(cnn.chosenScale, { ...VIEW, epoch: "2" }, ["channel"], SCALE), noUpdate);
  const chosen = choose(cnn.chooseScale, VIEW, "channel", SCALE);
  assert.equal(chosen.scale, "channel");
  assert.equal(tell(cnn.chosenScale, chosen, ["channel"], SCALE), noUpdate);
  assert.equal(tell(cnn.chosenScale, VIEW, ["channel"], SCALE), "layer");
});

test("of two choices one after the other the first does not undo the second", () => {
  const { cnn, tell, choose, noUpdate } = withControls("10-state/state.js");
  tell(cnn.chosenScale, VIEW, ["layer"], SCALE, true);
  const first = choose(cnn.chooseScale, VIEW, "channel", SCALE);
  assert.equal(tell(cnn.chosenScale, first, ["network"], SCALE), noUpdate);
});

test("a control that is mounted anew gets what the view says of it, said before or not", () => {
  const { cnn, tell } = withControls("10-state/state.js");
  const view = { ...VIEW, scale: "channel" };
  assert.equal(tell(cnn.chosenScale, view, ["layer"], SCALE, true), "channel");
  assert.equal(tell(cnn.chosenScale, view, ["layer"], SCALE, true), "channel");
  assert.equal(tell(cnn.chosenScale, view, [undefined], SCALE), "channel");
});

test("of two controls of one callback only the one is left alone that the reader has changed", () => {
  const { cnn, tell, noUpdate } = withControls("10-state/state.js");
  const outputs = ["data", "model"].map((id) => ({ id, property: "value" }));
  tell(cnn.chosen, VIEW, ["mnist/test", "ab12"], outputs, true);
  const view = { ...VIEW, data: "digits", split: "all" };
  assert.deepEqual([...tell(cnn.chosen, view, ["mnist/test", "cd34"], outputs)], ["digits/all", noUpdate]);
});
