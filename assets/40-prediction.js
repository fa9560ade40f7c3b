// The prediction in the panel. Its many small parts are painted here and not as Dash components,
// since Dash looks at every component at every change.
(function () {
  const root = (window.dash_clientside = window.dash_clientside || {});

  function part(tag, className, text) {
    const element = document.createElement(tag);
    element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  }

  function bar([label, share, text], said) {
    const row = part("div", "bar");
    const kind = (label === said.name ? " first" : "") + (said.right === false ? " missed" : "");
    const track = part("div", "track");
    const fill = part("div", "fill" + kind);
    fill.style.width = (100 * share).toFixed(2) + "%";
    track.append(fill);
    row.append(part("span", "bar-label", label), track, part("span", "bar-value", text));
    return row;
  }

  function paintPrediction(said) {
    const line = document.getElementById("prediction");
    const bars = document.getElementById("prediction-bars");
    if (!line || !bars) return;
    if (!said) {
      const waiting = document.querySelector("#content.waiting");
      line.replaceChildren(waiting ? "Starting …" : "");
      bars.replaceChildren();
      return;
    }
    const mark = part("span", said.right ? "right" : "wrong", said.mark);
    const chance = part("span", "", said.probability);
    line.replaceChildren(part("span", "class", said.name), chance, mark);
    bars.replaceChildren(...said.bars.map((one) => bar(one, said)));
  }

  root.cnn = { ...root.cnn, paintPrediction };
})();
