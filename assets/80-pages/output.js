// The page "Output": a bar leads to the arithmetic of the input, or of the channel, that it stands for.
(function () {
  const root = window.dash_clientside;

  // This page gets the channel too: the way back then changes the page, and not the view with it.
  function openInput(clicked) {
    const name = String(clicked?.points?.[0]?.y);
    const link = /** @type {HTMLAnchorElement} */ (document.getElementById("output-why"));
    if (!link || !/^[0-9]+$/.test(name)) return;
    const view = root.cnn.changed(root.cnn.currentView(), { channel: name, row: null, column: null });
    const query = root.cnn.toQuery(view);
    history.replaceState(null, "", location.pathname + query);
    root.cnn.goTo(new URL(link.href).pathname + query);
    window.scrollTo(0, 0);
  }

  root.cnn = { ...root.cnn, openInput };
})();
