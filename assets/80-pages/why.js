// The page "Why": how much each pixel counts is asked for when it is unfolded.
(function () {
  const root = window.dash_clientside;

  document.addEventListener("toggle", ({ target }) => {
    if (target.id === "why-effective-box") root.cnn.changeView({ effective: target.open ? 1 : null });
  }, true);
})();
