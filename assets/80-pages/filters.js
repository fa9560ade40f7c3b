// The page "Filters": its table of numbers, of the texts that came.
(function () {
  const root = window.dash_clientside;
  const NUMBERS = "filters-numbers";

  function receive({ columns, rows }) {
    const table = document.createElement("table");
    table.className = "table table-sm";
    table.createTHead().insertRow().append(...columns.map((text) => header("col", text)));
    const body = table.createTBody();
    for (const [name, ...texts] of rows) {
      const row = body.insertRow();
      row.append(header("row", name));
      for (const text of texts) row.insertCell().textContent = text;
    }
    document.getElementById(NUMBERS).replaceChildren(table);
  }

  function header(scope, text) {
    const made = document.createElement("th");
    Object.assign(made, { scope, textContent: text });
    return made;
  }

  root.cnn.receivers[NUMBERS] = receive;
})();
