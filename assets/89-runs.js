// The list of runs follows those that are at work. Only when it looks otherwise, Dash makes it again.
(function () {
  const root = (window.dash_clientside = window.dash_clientside || {});
  const BUSY_MILLISECONDS = 2000;
  const QUIET_MILLISECONDS = 4000;

  let next = 0;
  let listed = "";

  // Called when the list is made.
  function followRuns(look) {
    listed = look;
    clearTimeout(next);
    follow();
  }

  async function follow() {
    if (!document.getElementById("training-runs")) return;
    const told = document.hidden ? null : await ask();
    const isBusy = told && Object.keys(told.runs).length > 0;
    clearTimeout(next);
    next = setTimeout(follow, isBusy ? BUSY_MILLISECONDS : QUIET_MILLISECONDS);
    if (!told || !document.getElementById("training-runs")) return;
    for (const [run, shown] of Object.entries(told.runs)) paintRun(run, shown);
    const isOther = told.look !== listed;
    if (isOther) root.set_props("training-tick", { data: performance.now() });
    if (isOther || (isBusy && root.cnn.areCurvesOld())) root.cnn.drawCurves();
  }

  async function ask() {
    try {
      const got = await fetch("/progress" + location.search);
      return got.ok ? await got.json() : null;
    } catch (error) {
      return null;
    }
  }

  function paintRun(run, { bar, curve, "curve-told": curveTold, ...texts }) {
    const place = (kind) => document.getElementById(JSON.stringify({ run, type: `run-${kind}` }));
    for (const [kind, text] of Object.entries(texts)) {
      if (place(kind)) place(kind).textContent = text;
    }
    const done = place("bar") && place("bar").querySelector(".progress-bar");
    if (done) done.style.width = bar + "%";
    if (place("curve")) Object.assign(place("curve"), { src: curve, alt: curveTold });
  }

  root.cnn = { ...root.cnn, followRuns };
})();
