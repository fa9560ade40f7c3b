// How pixels are scaled for the network: said below the picture, and chosen where no file says it.
(function () {
  const root = window.dash_clientside;

  function paintScale(scale) {
    root.cnn.paintText("pixel-scale", scale ? scale.text : "");
    const place = document.getElementById("pixel-range-place");
    if (!place) return;
    const ranges = scale ? scale.ranges : [];
    for (const part of [place, document.getElementById("pixel-range-label")]) part.hidden = !ranges.length;
    const key = JSON.stringify(ranges);
    if (place.dataset.key !== key) place.replaceChildren(selectOf(ranges));
    place.dataset.key = key;
    /** @type {HTMLSelectElement} */ (place.firstChild).value = scale ? scale.chosen : "";
  }

  function selectOf(ranges) {
    const select = document.createElement("select");
    Object.assign(select, { id: "pixel-range", className: "form-select form-select-sm" });
    select.append(...ranges.map(([value, label]) => new Option(label, value)));
    select.addEventListener("change", () => root.cnn.changeView({ range: select.value || null }));
    return select;
  }

  root.cnn = { ...root.cnn, paintScale };
})();
