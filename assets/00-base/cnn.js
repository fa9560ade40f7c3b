// What the scripts share: the namespace, what the server has written into the page, and their beginning.
(function () {
  const root = (window.dash_clientside = window.dash_clientside || {});

  // What a view is left at, what goes when a part of it becomes another, what pages depend on; addresses,
  // and sizes of pictures.
  const rules = JSON.parse(document.getElementById("view-rules").textContent);

  const beginnings = [];

  // A script says with `begin` what it keeps at the beginning: it is run at once, and at every reset.
  function atStart(begin) {
    beginnings.push(begin);
    begin();
  }

  // Forgets what the reader has begun and what pages have left. The view, the address and all that Dash
  // holds stay. For a moment when no page is open.
  function reset() {
    for (const begin of beginnings) begin();
  }

  root.cnn = { ...root.cnn, rules, atStart, reset };
})();
