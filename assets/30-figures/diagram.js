// A click on a block of the diagram follows the link of that layer in the table below it.
(function () {
  const root = window.dash_clientside;

  function openLayer(clicked) {
    const name = clicked && clicked.points[0].customdata;
    const cells = [...document.querySelectorAll("#layer-table [data-layer]")];
    const cell = cells.find((one) => one.dataset.layer === name);
    if (cell) cell.querySelector("a").click();
  }

  root.cnn = { ...root.cnn, openLayer };
})();
