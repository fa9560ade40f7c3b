// Which curves of the Training page are on the screen, or nearly: only those follow a training.
(function () {
  const root = (window.dash_clientside = window.dash_clientside || {});
  const NEARLY = "200px";
  const seen = new Set();

  const observer = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const { id } = target.querySelector("figcaption");
      if (isIntersecting) seen.add(id);
      else seen.delete(id);
    }
    if (document.querySelector(".curves")) {
      root.set_props("training-on-screen", { data: [...seen] });
    }
  }, { rootMargin: NEARLY });

  function watchCurves() {
    observer.disconnect();
    seen.clear();
    document.querySelectorAll(".curves figure").forEach((figure) => observer.observe(figure));
    return root.no_update;
  }

  root.cnn = { ...root.cnn, watchCurves };
})();
