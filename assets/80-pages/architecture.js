// The page "Architecture": its table, of the texts that came, and a click on a block of the diagram, which
// follows the link of that layer in it.
(function () {
  const root = window.dash_clientside;
  const TABLE = "layer-table";

  const element = (tag, given, ...children) => {
    const made = Object.assign(document.createElement(tag), given);
    made.append(...children);
    return made;
  };

  function receive({ columns, numeric, rows, links, total }) {
    const classOf = (i) => (numeric.includes(columns[i]) ? "number" : "");
    const row = ([, ...texts], first) => element("tr", {},
      element("th", { scope: "row" }, first),
      ...texts.map((text, i) => element("td", { className: classOf(i + 1) }, text)));
    const head = columns.map((text, i) => element("th", { scope: "col", className: classOf(i) }, text));
    document.getElementById(TABLE).replaceChildren(element("table", { className: "table table-sm table-hover" },
      element("thead", {}, element("tr", {}, ...head)),
      element("tbody", {}, ...rows.map((texts, i) => row(texts, link(texts[0], ...links[i])))),
      element("tfoot", {}, row(total, total[0]))));
    root.cnn.filterBroken();
  }

  // A name that is cut is heard whole.
  function link(name, seen, path) {
    const anchor = element("a", { href: path, title: name, className: "keeps-view" }, seen);
    if (seen !== name) anchor.setAttribute("aria-label", name);
    anchor.dataset.layer = name;
    return anchor;
  }

  document.addEventListener("click", (event) => {
    const anchor = /** @type {HTMLElement} */ (event.target).closest(`#${TABLE} a`);
    if (!anchor || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    root.cnn.goTo(new URL(/** @type {HTMLAnchorElement} */ (anchor).href).pathname + location.search);
    window.scrollTo(0, 0);
  });

  function openLayer(clicked) {
    const name = clicked && clicked.points[0].customdata;
    const links = [.../** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(`#${TABLE} a`))];
    links.find((one) => one.dataset.layer === name)?.click();
  }

  root.cnn = { ...root.cnn, openLayer };
  root.cnn.receivers[TABLE] = receive;
})();
