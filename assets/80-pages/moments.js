// The moment that the page "Moments" compares the slider's moment with.
(function () {
  const root = window.dash_clientside;

  function otherMoments(moments, view, options, value) {
    if (!moments || !view || moments.model !== view.model) return [root.no_update, root.no_update];
    const wanted = moments.values.map((one, i) => ({ label: moments.labels[i], value: one }));
    const chosen = view.other || moments.values[0] || "";
    const same = options && options.length === wanted.length && options.every(
      (option, i) => option.value === wanted[i].value);
    return [same ? root.no_update : wanted, chosen === value ? root.no_update : chosen];
  }

  function chooseOther(value, view, moments) {
    const first = moments?.values[0];
    if (!value || !view || value === (view.other || first)) return root.no_update;
    return root.cnn.chooseFor(view, { other: value === first ? null : value });
  }

  root.cnn = { ...root.cnn,
    otherMoments: root.cnn.ofView(otherMoments),
    chooseOther: root.cnn.ofControls(chooseOther),
  };
})();
