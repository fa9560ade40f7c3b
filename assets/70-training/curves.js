// Which curves of the Training page are on the screen, or nearly: only those follow a training.
(function () {
  const root = window.dash_clientside;
  const NEARLY = "200px";
  const SOONEST_MILLISECONDS = 4500;
  const LATEST_MILLISECONDS = 30000;
  const SHARE = 0.006;
  const seen = new Set();
  let isKnown, drawnAt, busy;

  const observer = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const { id } = target.querySelector("figcaption");
      if (isIntersecting) seen.add(id);
      else seen.delete(id);
    }
    drawnAt = 0;
    if (!isKnown) drawCurves();
    isKnown = true;
  }, { rootMargin: NEARLY });

  root.cnn.atStart(() => {
    observer.disconnect();
    seen.clear();
    [isKnown, drawnAt, busy] = [false, 0, 0];
  });

  // Called when the page is opened.
  function watchCurves() {
    observer.disconnect();
    seen.clear();
    isKnown = false;
    document.querySelectorAll(".curves figure").forEach((figure) => observer.observe(figure));
    return root.no_update;
  }

  // The page's long tasks are nearly all of the curves; a training beside it feels them.
  new PerformanceObserver((tasks) => {
    for (const { duration } of tasks.getEntries()) busy += duration;
  }).observe({ entryTypes: ["longtask"] });

  function drawCurves() {
    drawnAt = performance.now();
    busy = 0;
    root.set_props("training-on-screen", { data: [...seen] });
  }

  // The longer the last drawing took the later comes the next. Others may have come into view since,
  // which are behind.
  function areCurvesOld() {
    const rest = Math.min(Math.max(busy / SHARE, SOONEST_MILLISECONDS), LATEST_MILLISECONDS);
    return performance.now() - drawnAt > rest;
  }

  root.cnn = { ...root.cnn, watchCurves, drawCurves, areCurvesOld };
})();
