// The page "Architecture": its table, of the texts that came, and a click on a block of the diagram, which
// follows the link of that layer in it. A long table has all names at once; the rest of a row comes with its part
// of the table, as that comes into view, or for who searches the page or prints it.
(function () {
  const root = window.dash_clientside;
  const TABLE = "layer-table";
  const RETRY_MILLISECONDS = 500;
  // So far below the window, or above it, that who scrolls finds it there.
  const NEAR = "600px 0px";

  const element = (tag, given, ...children) => {
    const made = Object.assign(document.createElement(tag), given);
    made.append(...children);
    return made;
  };

  // What the table was made of, the class of each cell, the row of each layer, and the first layer of each part
  // that is awaited.
  let shown, classes, rowOf, awaited;
  root.cnn.atStart(() => {
    [shown, classes, rowOf, awaited] = ["", [], new Map(), new Map()];
  });

  // The same table may come twice while a page opens: what has been filled of it stays.
  function receive(given) {
    const { more, columns, numeric, parts, rows, total } = given;
    const [place, text] = [document.getElementById(TABLE), JSON.stringify(given)];
    if (more) fill(more);
    if (more || (text === shown && place.firstChild)) return;
    shown = text;
    classes = columns.map((text) => (numeric.includes(text) ? "number" : ""));
    [rowOf, awaited] = [new Map(), new Map()];
    const head = columns.map((text, i) => element("th", { scope: "col", className: classes[i] }, text));
    const foot = element("tr", {}, element("th", { scope: "row" }, total[0]));
    write(foot, total);
    place.replaceChildren(element("table", { className: "table table-sm table-hover" },
      element("thead", {}, element("tr", {}, ...head)), ...parts.map(part), element("tfoot", {}, foot)));
    fill(rows);
    root.cnn.filterBroken();
  }

  function part(links) {
    const body = element("tbody", {}, ...links.map((given) => {
      const row = element("tr", {}, element("th", { scope: "row" }, link(...given)));
      rowOf.set(given[0], row);
      return row;
    }));
    body.setAttribute("aria-busy", "true");
    awaited.set(body, links[0][0]);
    inView.observe(body);
    return body;
  }

  function fill(rows) {
    for (const texts of rows) {
      const row = rowOf.get(texts[0]);
      const body = row?.parentElement;
      if (!row || row.children.length > 1) continue;
      write(row, texts);
      body.removeAttribute("aria-busy");
      awaited.delete(body);
      inView.unobserve(body);
    }
  }

  function write(row, [, ...texts]) {
    row.append(...texts.map((text, i) => element("td", { className: classes[i + 1] }, text)));
  }

  const inView = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) if (isIntersecting) ask(target);
  }, { rootMargin: NEAR });

  // Asks for the part of the table, for all of it without one; again while TensorFlow starts, or when it comes into
  // view another time.
  async function ask(body) {
    const view = root.cnn.shownView();
    if (!view || (body ? !awaited.has(body) : !awaited.size)) return;
    const of = rowOf;
    const { page, refusal, isStarting } = await root.cnn.leftOutOf(view, wanted(body));
    if (!document.getElementById(TABLE)) return;
    if (of !== rowOf) {
      if (!body) ask(null);
      return;
    }
    if (isStarting) setTimeout(() => ask(body), RETRY_MILLISECONDS);
    if (refusal) root.set_props("notice", { children: refusal, is_open: true });
    if (page) fill(page.properties[TABLE].more);
  }

  const wanted = (body) => [["rest", "1"], ...(body ? [["layer", awaited.get(body)]] : [])];

  // A name that is cut is heard whole.
  function link(name, seen, path) {
    const anchor = element("a", { href: path, title: name, className: "keeps-view" }, seen);
    if (seen !== name) anchor.setAttribute("aria-label", name);
    anchor.dataset.layer = name;
    return anchor;
  }

  const isSearched = ({ key, ctrlKey, metaKey }) => key === "F3" || (key.toLowerCase() === "f" && (ctrlKey || metaKey));
  document.addEventListener("keydown", (event) => {
    if (isSearched(event) && document.getElementById(TABLE)) ask(null);
  });

  // What is printed is what is there when this returns.
  window.addEventListener("beforeprint", () => {
    const view = document.getElementById(TABLE) && awaited.size && root.cnn.shownView();
    if (!view) return;
    const request = new XMLHttpRequest();
    request.open("GET", root.cnn.valuesAddress(view, wanted(null), true), false);
    request.overrideMimeType("text/plain; charset=x-user-defined");
    request.send();
    if (request.status !== 200) return;
    const bytes = Uint8Array.from(request.responseText, (letter) => letter.charCodeAt(0) & 255);
    fill(root.cnn.unpack(bytes.buffer).page.properties[TABLE].more);
  });

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
