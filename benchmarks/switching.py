"""How soon a channel that is switched off is seen in all that is behind it."""

from __future__ import annotations

import statistics

from benchmarks.browsing import open_drawn, real_browser, running_server
from benchmarks.row import Row, percentile

_CHANNELS = 45
_WARM = 5
# From the press of a button to the painted answer: of one that switches a channel off, to other words in
# the banner, and of a digit, in turn. The figures are at rest before each.
_SWITCH = """async (count) => {
  const words = document.getElementById("surgery-words");
  const prediction = document.getElementById("prediction");
  const isPainted = () => prediction.getAttribute("aria-busy") === "false";
  const wait = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
  const rest = async () => {
    do await wait(300); while (document.querySelector(".painted-over"));
  };
  const pressed = async (selector, node, isThere) => {
    await rest();
    const painted = new Promise((done) => {
      const look = () => {
        if (!isThere()) return;
        watching.disconnect();
        setTimeout(() => done(performance.now()), 0);
      };
      const watching = new MutationObserver(look);
      watching.observe(node, { subtree: true, attributes: true, childList: true, characterData: true });
    });
    const began = performance.now();
    document.querySelector(selector).click();
    return (await painted) - began;
  };
  const switched = [], others = [];
  for (let channel = 0; channel < count; channel++) {
    window.dash_clientside.cnn.changeView({ channel });
    switched.push(await pressed("[data-operate=off]", words, () => true));
    others.push(await pressed(`.digits [data-label="${channel % 10}"]`, prediction, isPainted));
  }
  return [switched, others];
}"""


def switching() -> list[Row]:
    """A channel switched off, the first of its layer and every other, against another digit."""
    with running_server() as server, real_browser() as browser:
        server.start()
        page = open_drawn(browser, server, "/surgery/conv2d_1")
        (first, *latencies), digits = page.evaluate(_SWITCH, _CHANNELS)
    latencies, digits = latencies[_WARM:], digits[_WARM:]
    name, yardstick = "a channel switched off → its effect painted", "another digit on that page"
    median = statistics.median(digits)
    return [
        Row(f"{name}: median", statistics.median(latencies), "ms", yardstick, median, "≤ 1 ×"),
        Row(
            f"{name}: p95", percentile(latencies, 95), "ms", yardstick, percentile(digits, 95), "-"
        ),
        Row("the first of a layer, which is compiled", first, "ms", yardstick, median, "-"),
    ]
