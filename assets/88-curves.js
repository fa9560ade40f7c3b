// Which curves of the Training page are on the screen, or nearly: only those follow a training.
(function () {
  const root = (window.dash_clientside = window.dash_clientside || {});
  const NEARLY = "200px";
  const OLD_MILLISECONDS = 8000;
  const seen = new Set();
  let isKnown = false;
  let drawnAt = 0;

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

  // Called when the page is opened.
  function watchCurves() {
    observer.disconnect();
    seen.clear();
    isKnown = false;
    document.querySelectorAll(".curves figure").forEach((figure) => observer.observe(figure));
    return root.no_update;
  }

  function drawCurves() {
    drawnAt = performance.now();
    root.set_props("training-on-screen", { data: [...seen] });
  }

  // Others may have come into view, which are behind.
  function areCurvesOld() {
    return performance.now() - drawnAt > OLD_MILLISECONDS;
  }

  root.cnn = { ...root.cnn, watchCurves, drawCurves, areCurvesOld };
})();
