"""How soon the frame comes that shows another moment of the training, in a real browser."""

from __future__ import annotations

import statistics

from benchmarks.browsing import open_page, real_browser, running_server
from benchmarks.row import Row, percentile

_SCRUB = """async (alone) => {
  const cnn = dash_clientside.cnn, slider = document.querySelector("#epochs input");
  const afterFrame = () => new Promise((done) => setTimeout(done, 0));
  const { paintPrediction, live } = cnn;
  let painted = () => {};
  cnn.paintPrediction = (...all) => { painted(); return paintPrediction(...all); };
  if (alone) cnn.live = () => requestAnimationFrame(() => painted());
  const latencies = [];
  for (let place = 0; place <= Number(slider.max); place++) {
    const began = performance.now();
    const answered = new Promise((done) => (painted = done));
    slider.value = place;
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    await answered;
    await afterFrame();
    latencies.push(performance.now() - began);
    await new Promise((rest) => setTimeout(rest, 60));
  }
  Object.assign(cnn, { paintPrediction, live });
  return latencies;
}"""
_PAGES = (
    ("/", "Network page"),
    ("/filters/conv2d", "the kernels of a layer"),
    ("/activations/conv2d", "a layer of 32 maps of 26×26"),
    ("/moments/conv2d", "two moments and their difference"),
)


def scrubbing() -> list[Row]:
    """From a step of the slider to its frame: each moment for the first time in this process."""
    rows = []
    with real_browser() as browser:
        for path, what in _PAGES:
            with running_server() as server:
                server.start()
                page = open_page(browser, server, path)
                page.wait_for_timeout(1500)
                alone = page.evaluate(_SCRUB, True)
                page.wait_for_timeout(1500)
                ours = page.evaluate(_SCRUB, False)
                page.close()
            name, yardstick = f"scrubbing, one step → frame, {what}", "the slider alone"
            rows += [
                Row(f"{name}: median", statistics.median(ours), "ms", yardstick,
                    statistics.median(alone), "≤ 28 ms median"),
                Row(f"{name}: p95", percentile(ours, 95), "ms", yardstick,
                    percentile(alone, 95), "-"),
            ]  # fmt: skip
    return rows
