// The prediction in the panel. Its many small parts are painted here and not as Dash components,
// since Dash looks at every component at every change.
(function () {
  const root = window.dash_clientside;

  function part(tag, className, text) {
    const element = document.createElement(tag);
    element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  }

  function bar(label) {
    const row = part("div", "bar");
    const track = part("div", "track");
    track.append(part("div", "fill"));
    row.append(part("span", "bar-label", label), track, part("span", "bar-value"));
    return row;
  }

  function fill(row, [label, share, text], prediction) {
    const first = label === prediction.name;
    const inside = row.querySelector(".fill");
    inside.parentNode.style.visibility = share === null ? "hidden" : "";
    inside.className = "fill" + (first ? " first" : "") + (prediction.right === false ? " missed" : "");
    inside.style.width = (100 * share).toFixed(2) + "%";
    row.lastChild.textContent = text;
  }

  // Bars of the same classes are filled anew and not replaced: a moving pen does it at every frame.
  function paintBars(bars, prediction) {
    const labels = prediction.bars.map(([label]) => label).join(" ");
    if (bars.dataset.labels !== labels || !bars.firstChild) {
      bars.replaceChildren(...prediction.bars.map(([label]) => bar(label)));
      bars.dataset.labels = labels;
    }
    prediction.bars.forEach((one, i) => fill(bars.children[i], one, prediction));
  }

  function paintPrediction(prediction) {
    const line = document.getElementById("prediction");
    const bars = document.getElementById("prediction-bars");
    const note = document.getElementById("prediction-note");
    if (!line || !bars) return;
    root.cnn.tellBroken((prediction && prediction.broken) || []);
    if (!prediction) {
      const waiting = document.querySelector("#content.waiting");
      line.replaceChildren(waiting ? "Starting …" : "");
      bars.replaceChildren();
      note.textContent = "";
      return;
    }
    const mark = part("span", prediction.right ? "right" : "wrong", prediction.mark);
    line.replaceChildren(part("span", "class", prediction.name), part("span", "", prediction.caption), mark);
    if (note.textContent !== prediction.note) note.textContent = prediction.note;
    paintBars(bars, prediction);
  }

  root.cnn = { ...root.cnn, paintPrediction };
})();
