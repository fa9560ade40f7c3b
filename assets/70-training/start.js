// A training that was queued comes into view: its row in the list, as soon as the list has it.
(function () {
  const root = window.dash_clientside;
  let watching;
  root.cnn.atStart(() => {
    if (watching) watching.disconnect();
    watching = null;
  });

  function showArrived(run) {
    if (watching) watching.disconnect();
    const list = document.getElementById("training-runs");
    if (!run || !list || show(list, run)) return;
    watching = new MutationObserver(() => {
      if (show(list, run)) watching.disconnect();
    });
    watching.observe(list, { childList: true, subtree: true });
  }

  // The list has the focus and not the row, which is made again when the training begins.
  function show(list, run) {
    const tick = document.getElementById(JSON.stringify({ run, type: "run-compare" }));
    if (!tick) return false;
    tick.closest("tr").scrollIntoView({ block: "center" });
    list.tabIndex = -1;
    list.focus({ preventScroll: true });
    return true;
  }

  // A run that is followed stays chosen when it ends: the address names it, without a step back.
  function followRun(run) {
    if (run) root.cnn.changeView({ runs: run }, true);
  }

  root.cnn = { ...root.cnn, showArrived, followRun };
})();
