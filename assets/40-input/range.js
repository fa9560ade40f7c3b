// How pixels are scaled for the network: said below the picture, and chosen where no file says it.
(function () {
  const root = window.dash_clientside;
  // Another network or data set makes another hint.
  const ABOUT = ["model", "epoch", "surgery", "data", "split"];
  const SILENCE = "The server does not answer: try again.";

  const part = (name) => document.getElementById("pixel-range-" + name);

  function paintScale(scale) {
    root.cnn.paintText("pixel-scale", scale ? scale.text : "");
    const box = part("choice");
    if (!box) return;
    box.hidden = !scale || !scale.ranges.length;
    if (box.hidden) return;
    const place = part("place");
    const key = JSON.stringify(scale.ranges);
    if (place.dataset.key !== key) place.replaceChildren(selectOf(scale.ranges));
    place.dataset.key = key;
    place.firstChild.value = scale.chosen;
    const hint = part("hint");
    if (hint.dataset.about !== about()) hint.textContent = "";
  }

  function about() {
    const view = root.cnn.currentView();
    return JSON.stringify(ABOUT.map((name) => view[name] || ""));
  }

  function selectOf(ranges) {
    const select = document.createElement("select");
    Object.assign(select, { id: "pixel-range", className: "form-select form-select-sm" });
    select.append(...ranges.map(([value, label]) => new Option(label, value)));
    select.addEventListener("change", () => root.cnn.changeView({ range: select.value || null }));
    return select;
  }

  async function compare() {
    const asked = about();
    const hint = part("hint");
    Object.assign(hint, { textContent: "Trying each range…" }).dataset.about = asked;
    const sentence = await answerTo(root.cnn.addressOf("ranges") + root.cnn.toQuery(root.cnn.currentView()));
    if (hint.dataset.about === asked) hint.textContent = sentence;
  }

  async function answerTo(address) {
    try {
      const answer = await fetch(address);
      return answer.ok ? (await answer.json()).hint : await answer.text();
    } catch {
      return SILENCE;
    }
  }

  document.addEventListener("click", ({ target }) => {
    if (target.closest("#pixel-range-compare")) compare();
  });

  root.cnn = { ...root.cnn, paintScale };
})();
