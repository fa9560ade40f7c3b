// Everything of the panel that has a picture of its own follows the view.
(function () {
  const root = window.dash_clientside;

  function showPicture(view, ready, layers) {
    if (root.cnn.isBehind(view)) return;
    root.cnn.showDrawing(view);
    root.cnn.showUpload(view, ready);
    root.cnn.showPerturbation(view, layers);
  }

  // A panel that stands above the page leaves it what room it can.
  const hasRoom = () => matchMedia("(min-width: 901px)").matches;

  root.cnn = { ...root.cnn, showPicture, hasRoom };
})();
