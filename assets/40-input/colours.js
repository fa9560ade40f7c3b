// Which channels of a picture with more than three are red, green and blue.
(function () {
  const root = window.dash_clientside;
  const NAMES = ["red", "green", "blue"];

  function paintColours(colours) {
    const box = document.getElementById("pixel-colours");
    if (!box) return;
    box.hidden = !colours;
    if (!colours) return;
    NAMES.forEach((name, i) => {
      const place = document.getElementById(`pixel-${name}-place`);
      if (place.dataset.count !== String(colours.count)) place.replaceChildren(selectOf(name, colours.count));
      place.dataset.count = colours.count;
      place.querySelector("select").value = colours.chosen[i];
    });
  }

  function selectOf(name, count) {
    const select = document.createElement("select");
    Object.assign(select, { id: "pixel-" + name, className: "form-select form-select-sm" });
    select.append(...Array.from({ length: count }, (_, i) => new Option(String(i))));
    select.addEventListener("change", () => choose(name, select.value));
    return select;
  }

  // A channel that was another colour changes places with it.
  function choose(name, channel) {
    const before = (root.cnn.currentView().colours || "0,1,2").split(",");
    const after = [...before];
    const other = before.indexOf(channel);
    if (other >= 0) after[other] = before[NAMES.indexOf(name)];
    after[NAMES.indexOf(name)] = channel;
    const text = after.join(",");
    root.cnn.changeView({ colours: text === "0,1,2" ? null : text });
  }

  root.cnn = { ...root.cnn, paintColours };
})();
