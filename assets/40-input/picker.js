// A dialog of small pictures, a page at a time, to choose one from. Its place is a part of the view.
(function () {
  const root = window.dash_clientside;
  const WAIT_MILLISECONDS = 1500;
  const EMPTY = { label: "", said: "", order: "stored", page: "0" };
  let dialog, parts, asked, page, isOpening;
  root.cnn.atStart(() => {
    if (dialog) dialog.remove();
    [dialog, parts, asked, page, isOpening] = [null, null, "", null, false];
  });

  function placeOf(view) {
    if (!view.pick) return EMPTY;
    const [label, said, order, number] = view.pick.split(",");
    return { label, said, order, page: number };
  }

  function go(changes, view = root.cnn.currentView()) {
    const place = { ...placeOf(view), page: "0", ...changes };
    root.cnn.changeView({ pick: [place.label, place.said, place.order, place.page].join() }, true);
    show(root.cnn.currentView());
  }

  function close() {
    root.cnn.changeView({ picking: null }, true);
    show(root.cnn.currentView());
  }

  function element(tag, className, text = "") {
    const made = document.createElement(tag);
    Object.assign(made, { className, textContent: text });
    return made;
  }

  function select(name, change) {
    const label = element("label", "", name);
    const list = element("select", "form-select form-select-sm");
    list.addEventListener("change", () => change(list.value));
    label.append(list);
    return { label, list };
  }

  function build() {
    const { button } = root.cnn.parts;
    dialog = element("dialog", "picker");
    dialog.setAttribute("aria-labelledby", "picker-title");
    const title = element("h2", "", "Choose a picture");
    title.id = "picker-title";
    const label = select("Class", (value) => go({ label: value }));
    const said = select("The network says", (value) => go({ said: value }));
    const order = select("Order", (value) => go({ order: value }));
    order.list.append(new Option("as stored", "stored"), new Option("wrong ones first", "wrong"));
    const note = element("p", "hint");
    note.setAttribute("role", "status");
    const problem = element("p", "problem");
    problem.setAttribute("role", "alert");
    const grid = element("div", "thumbnails");
    grid.setAttribute("role", "group");
    grid.setAttribute("aria-label", "Pictures");
    grid.addEventListener("keydown", move);
    const before = button("Previous", "The page before", () => turn(-1));
    const after = button("Next", "The page after", () => turn(1));
    const where = element("span", "where");
    const controls = element("div", "picker-controls");
    controls.append(label.label, said.label, order.label);
    const pager = element("div", "picker-pager");
    pager.append(before, where, after);
    const head = element("div", "picker-head");
    head.append(title, button("Close", "Close (Esc)", close));
    dialog.append(head, controls, note, problem, grid, pager);
    dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      close();
    });
    dialog.addEventListener("click", ({ target }) => target === dialog && close());
    document.body.append(dialog);
    const lists = { label: label.list, said: said.list, order: order.list };
    parts = { ...lists, note, problem, grid, before, after, where };
  }

  function turn(step) {
    if (page) go({ page: String(page.page + step) });
  }

  // Called with every view: the dialog is open where the view says so, and shows its place.
  function show(view) {
    if (!view) return;
    if (!view.picking) {
      if (dialog && dialog.open) {
        dialog.close();
        document.getElementById("choose-picture").focus();
      }
      asked = "";
      return;
    }
    if (!dialog) build();
    if (!dialog.open) {
      isOpening = true;
      dialog.showModal();
    }
    const query = root.cnn.toQuery(view);
    if (query === asked) return;
    asked = query;
    fill(view, query);
  }

  async function fill(view, query) {
    parts.grid.setAttribute("aria-busy", "true");
    parts.problem.textContent = "";
    const answer = await ask(query, "");
    if (asked !== query) return;
    await controls(view, answer);
    if (asked !== query) return;
    paint(answer, view);
    if (answer.waits) await new Promise((done) => setTimeout(done, WAIT_MILLISECONDS));
    if (asked !== query || answer.problem) return;
    if (answer.waits) fill(view, query);
    else if (answer.items.some(({ said, damaged }) => said === undefined && !damaged)) marks(query);
  }

  async function marks(query) {
    const answer = await ask(query, "&marks=1");
    if (asked !== query || answer.problem) return;
    for (const [place, item] of answer.items.entries()) dress(parts.grid.children[place], item);
  }

  async function ask(query, more) {
    try {
      const answer = await fetch(root.cnn.addressOf("pictures") + query + more);
      return await answer.json();
    } catch {
      return { problem: "The server did not answer: close this and try again." };
    }
  }

  // The lists of classes, as the data set and the network have them, and what is chosen in them.
  async function controls(view, { names = [], judges = false }) {
    const place = placeOf(view);
    fillList(parts.label, (await root.cnn.classesOf(view.data)) || [], place.label);
    fillList(parts.said, names, place.said);
    parts.order.value = place.order;
    parts.order.disabled = !judges;
  }

  function fillList(list, names, value) {
    const before = [...list.options].slice(1).map(({ text }) => text);
    if (!list.options.length || String(before) !== String(names)) {
      list.replaceChildren(new Option("any", ""), ...names.map((name, i) => new Option(name, i)));
    }
    list.value = value;
    list.disabled = !names.length;
  }

  function paint(answer, view) {
    parts.problem.textContent = answer.problem || "";
    parts.note.textContent = answer.note || "";
    const items = answer.items || [];
    const { activeElement } = document;
    const takesFocus = isOpening || parts.grid.contains(activeElement) || activeElement === document.body;
    isOpening = false;
    if (!answer.waits || answer.items) {
      page = answer;
      parts.grid.replaceChildren(...items.map((item, place) => thumbnail(item, place, view)));
      if (!items.length && !answer.problem) {
        parts.grid.append(element("p", "nothing", "No picture is like that: choose another class, or any."));
      }
      sprite(items, view);
      where(answer);
    }
    parts.grid.setAttribute("aria-busy", "false");
    const here = items.findIndex(({ index }) => String(index) === view.index);
    const first = parts.grid.querySelectorAll("button")[Math.max(0, here)];
    if (first) first.tabIndex = 0;
    if (first && takesFocus) first.focus();
  }

  function where({ page: number = 0, pages = 1, count = 0 }) {
    const all = `${count.toLocaleString("en")} picture${count === 1 ? "" : "s"}`;
    parts.where.textContent = `Page ${number + 1} of ${pages.toLocaleString("en")} · ${all}`;
    parts.before.disabled = number <= 0;
    parts.after.disabled = number >= pages - 1;
  }

  function sprite(items, view) {
    if (!items.length) return;
    const places = items.map(({ index }) => index).join();
    const address = `${root.cnn.addressOf("thumbnails", view)}?places=${places}`;
    parts.grid.style.setProperty("--sprite", `url("${address}")`);
    parts.grid.style.setProperty("--count", items.length);
  }

  function thumbnail(item, place, view) {
    const button = element("button", "thumbnail");
    button.type = "button";
    button.tabIndex = -1;
    button.style.setProperty("--place", place);
    const image = element("span", "image");
    image.setAttribute("aria-hidden", "true");
    button.append(image, ...["class", "said", "sure"].map((kind) => element("span", kind)));
    if (String(item.index) === view.index && !view.pixels && !view.upload) {
      button.setAttribute("aria-current", "true");
    }
    button.addEventListener("click", () => choose(button, item));
    dress(button, item);
    return button;
  }

  // What is known of a picture: its class, and what the network says of it.
  function dress(button, item) {
    const name = item.label === null ? "" : parts.label.options[item.label + 1].text;
    const said = item.said === undefined ? "" : parts.said.options[item.said + 1].text;
    const judged = item.right === undefined || item.right === null ? "" : item.right ? ", right" : ", wrong";
    const network = said ? `; the network says ${said}, ${item.sure}${judged}` : "";
    const whole = `Picture ${item.index}${name && `: ${name}`}${item.damaged ? `; ${item.damaged}` : network}`;
    button.querySelector(".class").textContent = name;
    button.querySelector(".said").textContent = item.damaged ? "damaged" : said;
    button.querySelector(".sure").textContent = said && `${item.right === false ? "✗ " : ""}${item.sure}`;
    button.classList.toggle("wrong", item.right === false);
    button.title = whole;
    button.setAttribute("aria-label", whole);
    if (item.damaged) button.setAttribute("aria-disabled", "true");
  }

  function choose(button, { index }) {
    if (button.getAttribute("aria-disabled")) return;
    root.cnn.changeView({ index, picking: null, pixels: null, upload: null });
    show(root.cnn.currentView());
  }

  // Arrows go from picture to picture; up and down by as many as are in a row.
  function move(event) {
    const all = [...parts.grid.querySelectorAll("button")];
    const at = all.indexOf(document.activeElement);
    if (at < 0) return;
    const columns = Math.max(1, all.findIndex(({ offsetTop }) => offsetTop > all[0].offsetTop));
    const row = columns === 1 && all[1]?.offsetTop === all[0].offsetTop ? all.length : columns;
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -row, ArrowDown: row, Home: -at, End: all.length - 1 - at };
    if (event.key === "PageUp" && !parts.before.disabled) turn(-1);
    else if (event.key === "PageDown" && !parts.after.disabled) turn(1);
    else if (!(event.key in steps)) return;
    event.preventDefault();
    const next = all[at + (steps[event.key] || 0)];
    if (!next) return;
    all[at].tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  }

  document.addEventListener("click", ({ target }) => {
    if (!target.closest("#choose-picture")) return;
    root.cnn.changeView({ picking: "1" });
    show(root.cnn.currentView());
  });

  // What is not shown of somebody's own pictures is told beside these.
  function showNotes(view) {
    const notes = document.getElementById("data-notes");
    if (notes && view) notes.hidden = notes.dataset.of !== view.data;
  }

  function showChoices(view) {
    root.cnn.showClasses(view);
    showNotes(view);
    show(view);
  }

  root.cnn = { ...root.cnn, showChoices };
})();
