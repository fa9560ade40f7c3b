"""How soon a channel that is switched off is seen in all that is behind it."""

from __future__ import annotations

import statistics

from benchmarks.browsing import CLICK, open_drawn, real_browser, running_server
from benchmarks.row import Row, percentile

_CHANNELS = 25
# From the press of a button to the frame with other words in the banner. The figures are at rest before,
# as they are before a digit.
_SWITCH = """async (count) => {
  const words = document.getElementById("surgery-words");
  const wait = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
  const rest = async () => {
    do await wait(300); while (document.querySelector(".painted-over"));
  };
  const latencies = [];
  for (let channel = 0; channel <= count; channel++) {
    window.dash_clientside.cnn.changeView({ channel });
    await rest();
    const painted = new Promise((done) => {
      const watching = new MutationObserver(() => {
        watching.disconnect();
        setTimeout(() => done(performance.now()), 0);
      });
      watching.observe(words, { childList: true, characterData: true, subtree: true });
    });
    const began = performance.now();
    document.querySelector("[data-operate=off]").click();
    latencies.push((await painted) - began);
    await rest();
  }
  return latencies;
}"""


def switching() -> list[Row]:
    """A channel switched off, the first of its layer and every other, against another digit."""
    with running_server() as server, real_browser() as browser:
        server.start()
        page = open_drawn(browser, server, "/surgery/conv2d_1")
        first, *latencies = page.evaluate(_SWITCH, _CHANNELS)
        digits, *_ = page.evaluate(CLICK, _CHANNELS)
    name, yardstick = "a channel switched off → its effect painted", "another digit on that page"
    median = statistics.median(digits)
    return [
        Row(f"{name}: median", statistics.median(latencies), "ms", yardstick, median, "≤ 1 ×"),
        Row(
            f"{name}: p95", percentile(latencies, 95), "ms", yardstick, percentile(digits, 95), "-"
        ),
        Row("the first of a layer, which is compiled", first, "ms", yardstick, median, "-"),
    ]
