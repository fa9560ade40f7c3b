// The list of runs follows those that are at work. Only when it looks otherwise, Dash makes it again.
(function () {
  const root = window.dash_clientside;
  let listed, part;
  root.cnn.atStart(() => ([listed, part] = ["", {}]));

  // Called when the list is made; `page` says which part of it.
  function followRuns(look, page) {
    listed = look;
    part = page || {};
    root.cnn.hear();
  }

  function askForRuns(query) {
    for (const [name, value] of Object.entries(part)) query.set("list-" + name, value);
  }

  function showRuns({ look, runs }) {
    if (!document.getElementById("training-runs")) return;
    for (const [run, row] of Object.entries(runs)) paintRun(run, row);
    const isOther = look !== listed;
    const isBusy = Object.keys(runs).length > 0;
    if (isOther) root.set_props("training-tick", { data: performance.now() });
    if (isOther || (isBusy && root.cnn.areCurvesOld())) root.cnn.drawCurves();
  }

  function paintRun(run, { bar, curve, "curve-text": curveText, ...texts }) {
    const place = (kind) => document.getElementById(JSON.stringify({ run, type: `run-${kind}` }));
    for (const [kind, text] of Object.entries(texts)) write(place(kind), { textContent: text });
    const done = place("bar") && place("bar").querySelector(".progress-bar");
    if (done) done.style.width = bar + "%";
    write(place("curve"), { alt: curveText, src: curve });
  }

  // What is written again, the browser would lay out and paint again.
  function write(element, properties) {
    for (const [name, value] of Object.entries(properties)) {
      if (element && element[name] !== value) element[name] = value;
    }
  }

  root.cnn = { ...root.cnn, followRuns, askForRuns, showRuns };
})();
