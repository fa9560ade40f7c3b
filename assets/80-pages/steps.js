// The page "One step": a press becomes part of the view at once, so that none of many is lost.
(function () {
  const root = window.dash_clientside;
  const PRESSES = {
    "one-step-step": (made, rate) => [...made, rate],
    "one-step-again": (made, rate) => [...made.slice(0, -1), rate],
    "one-step-undo": (made) => made.slice(0, -1),
    "one-step-restart": () => [],
  };
  const WITH_RATE = ["one-step-step", "one-step-again"];

  // "0.001*2,0.01" is three steps.
  function ratesOf(view) {
    const entries = view.rates ? view.rates.split(",") : [];
    return entries.flatMap((entry) => {
      const [rate, count] = entry.split("*");
      return Array(Number(count || 1)).fill(rate);
    });
  }

  function toText(rates) {
    const runs = [];
    for (const rate of rates) {
      const last = runs[runs.length - 1];
      if (last && last.rate === rate) last.count += 1;
      else runs.push({ rate, count: 1 });
    }
    return runs.map(({ rate, count }) => (count > 1 ? `${rate}*${count}` : rate)).join(",");
  }

  async function press(button) {
    const takesRate = WITH_RATE.includes(button.id);
    const rate = takesRate ? await root.cnn.numberOf("one-step-rate") : 0;
    if (rate === null) return;
    const label = document.getElementById("one-step-label").value;
    const rates = PRESSES[button.id](ratesOf(root.cnn.currentView()), String(rate));
    if (rates.length > Number(button.dataset.most || Infinity)) return;
    root.cnn.changeView({ ...(takesRate ? { teach: label } : {}), rates: toText(rates) });
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest(".one-step-buttons button");
    if (button && !button.disabled && root.cnn.currentView()) press(button);
  });
  document.addEventListener("change", (event) => {
    if (event.target.id === "one-step-label") {
      root.cnn.changeView({ teach: event.target.value, rates: null });
    }
  });

  root.cnn = { ...root.cnn, lastRate: (view) => ratesOf(view).pop() };
})();
