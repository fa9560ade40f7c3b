// What the sums of an output are taken for, chosen where no loss is known.
(function () {
  const root = window.dash_clientside;

  const part = (name) => document.getElementById("sums-" + name);

  function paintSums(sums) {
    const box = part("choice");
    if (!box) return;
    box.hidden = !sums;
    part("hint").textContent = "";
    if (!sums) return;
    const place = part("place");
    const key = JSON.stringify(sums.choices);
    if (place.dataset.key !== key) place.replaceChildren(selectOf(sums.choices));
    place.dataset.key = key;
    place.firstChild.value = sums.chosen;
    root.cnn.paintKeeping("sums", sums);
  }

  function selectOf(choices) {
    const select = document.createElement("select");
    Object.assign(select, { id: "sums", className: "form-select form-select-sm" });
    select.append(...choices.map(([value, label]) => new Option(label, value)));
    select.addEventListener("change", () => root.cnn.changeView({ sums: select.value || null }));
    return select;
  }

  async function keep(sums) {
    part("hint").textContent = await root.cnn.keepOnCard("keep_sums", "sums", sums);
  }

  document.addEventListener("click", ({ target }) => {
    if (target.closest("#sums-keep")) keep(root.cnn.currentView().sums);
    if (target.closest("#sums-undo")) keep("");
  });

  root.cnn = { ...root.cnn, paintSums };
})();
