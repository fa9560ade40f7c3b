// What takes many pictures to tell: begun by a button, followed while a worker does it, and found again.
(function () {
  const root = window.dash_clientside;
  const AGAIN_MILLISECONDS = 500;
  const isStudyActive = ({ state }) => ["queued", "running"].includes(state);
  // The parts of the view that make another question; channels are ranked in the network without changes.
  const PARTS = {
    evaluate: ["model", "output", "epoch", "range", "given", "also", "data", "surgery"],
    rank: ["model", "output", "epoch", "range", "given", "also", "data"],
    diagnose: ["model", "output", "epoch", "range", "given", "also", "data", "split", "surgery"],
    trust: [...root.cnn.rules.parts.panel, "of", "against", "method", "options", "unit", "focus", "row", "column"],
    tops: ["model", "output", "epoch", "range", "given", "also", "data", "split", "surgery", "focus", "row", "column"],
    turn: [...root.cnn.rules.parts.panel, "of", "norm"],
    maps: [
      ...root.cnn.rules.parts.panel, "of", "against", "method", "options", "unit", "focus", "row", "column",
    ],
    synthesise: [
      "model", "output", "epoch", "range", "given", "also", "data", "split", "surgery", "channel", "options", "focus",
      "row", "column",
    ],
  };
  // What of an answer is looked at: another look is no other question.
  const LOOKS = { tops: ["channel"] };

  // What the place of a study is about, by its element: another question, or another page, is another one.
  let questions;
  root.cnn.atStart(() => (questions = new WeakMap()));

  // Called when the place is on the page, when the page says which layer it shows, and for every view.
  function followStudy(id, layer, view) {
    const box = document.getElementById(id);
    const lacks = { rank: !layer, tops: !layer, trust: !view?.method, synthesise: !layer };
    if (box && view && !lacks[box.dataset.kind]) follow(box, layer || "", view);
    return root.no_update;
  }

  function follow(box, layer, view) {
    mark(box, view);
    const asked = questionOf(box.dataset.kind, layer, view);
    const before = questions.get(box);
    if (before && before.key === asked.key) return;
    questions.set(box, asked);
    part(box, "start").textContent = box.dataset.text.replace("{layer}", layer);
    if (before?.about === asked.about) asked.id = before.id;
    else show(box, asked, {});
    ask(box, asked, true);
  }

  const given = (view, names) => Object.fromEntries(names.filter((name) => view[name]).map((name) => [name, view[name]]));

  // Which cell it is counts where one is sought.
  const partsOf = (kind, view) =>
    PARTS[kind].filter((name) => view.focus === "cell" || !["row", "column"].includes(name));

  // What of the view says which maps are tried.
  const queryOfTrials = (view) => root.cnn.toQuery(given(view, partsOf("trust", view)));

  function questionOf(kind, layer, view) {
    const parts = partsOf(kind, view);
    const about = JSON.stringify([layer, given(view, parts)]);
    const query = given(view, [...parts, ...(LOOKS[kind] || [])]);
    const key = JSON.stringify([layer, query]);
    const method = kind === "trust" ? view.method : undefined;
    return { kind, layer, method, query: root.cnn.toQuery(query), about, key, id: "", isActive: false, timer: 0 };
  }

  // With `find` nothing is begun: only what was begun before is shown.
  async function ask(box, asked, find) {
    const { kind, layer, method, query } = asked;
    const body = { kind, layer, method, find };
    show(box, asked, await root.cnn.ask(root.cnn.addressOf("studies") + query, body));
  }

  async function look(box, asked) {
    if (!isAbout(box, asked)) return;
    if (document.hidden) again(box, asked);
    else show(box, asked, await root.cnn.ask(addressOf("study", asked)));
  }

  function again(box, asked) {
    clearTimeout(asked.timer);
    asked.timer = setTimeout(look, AGAIN_MILLISECONDS, box, asked);
  }

  const addressOf = (name, asked) => root.cnn.addressOf(name, { study_id: asked.id }) + asked.query;

  const isAbout = (box, asked) => box.isConnected && questions.get(box) === asked;

  const part = (box, name) => box.querySelector(`.study-${name}`);

  // Shows how far a study is, and what it came to. What cannot be asked has no id.
  function show(box, asked, told) {
    if (!isAbout(box, asked)) return;
    const { id = asked.id, done = 0, all = 0, progress = "", problem = "", isSilent = false, answer = null } = told;
    const isActive = isStudyActive(told);
    const [start, bar, cancel] = ["start", "bar", "cancel"].map((name) => part(box, name));
    const hadFocus = [start, cancel].includes(document.activeElement);
    if (asked.isActive && !isActive) askForMaps(asked);
    if (answer?.isPage && asked.isActive) root.cnn.wantWhole(root.cnn.currentView());
    asked.id = id;
    asked.isActive = isActive;
    start.disabled = !id && !isSilent;
    start.hidden = isActive;
    part(box, "controls").hidden = Boolean(answer) && !isActive;
    bar.hidden = cancel.hidden = !isActive;
    bar.max = all || 1;
    if (all) bar.value = done;
    else bar.removeAttribute("value");
    part(box, "progress").textContent = progress;
    part(box, "said").textContent = problem || (answer ? answer.said : "");
    part(box, "pictures").replaceChildren(...(answer?.made ?? []).map((one, number) => picture(one, number, isActive)));
    part(box, "table").replaceChildren(...(answer ? content(answer) : []));
    showFigures(box, answer?.figures);
    mark(box, root.cnn.currentView());
    if (hadFocus) [start, cancel, part(box, "table")].find((one) => one.offsetParent && !one.disabled)?.focus();
    if (id && (isActive || isSilent)) again(box, asked);
  }

  // Maps stand in the page itself, which says as well that they are being made.
  function askForMaps({ kind }) {
    if (kind === "maps") root.cnn.askForEmpty(root.cnn.currentView());
  }

  // Pictures that were made, each large enough to see its pixels.
  function picture({ src, words }, number, isActive) {
    const image = make("img", [], { src, alt: `Synthesised picture, ${words}` });
    const figure = make("figure", [image, make("figcaption", [words])]);
    if (isActive) return figure;
    const button = make("button", ["Take to every page"], { type: "button", className: "btn btn-sm btn-outline-primary" });
    button.dataset.made = String(number);
    button.setAttribute("aria-label", `Take the picture of ${words.split(":")[0]} to every page`);
    figure.append(button);
    return figure;
  }

  // What an answer is drawn as: figures of the page that have a place in the study.
  function showFigures(box, figures) {
    const place = part(box, "figures");
    if (!place || (place.hidden = !figures)) return;
    for (const [id, { figure, caption }] of Object.entries(figures)) {
      root.set_props(id, { figure });
      root.cnn.paintText(`${id}-caption`, caption);
    }
  }

  function content(answer) {
    if (answer.pictures) return root.cnn.rowsOfPictures(answer.pictures);
    return answer.head ? [table(answer)] : [];
  }

  function table({ head, rows }) {
    const names = row(head.map((name, place) => cell("th", name, place, { scope: "col" })));
    const body = rows.map(({ name, cells, channel, page }) => row([
      cell("th", channel === undefined ? layerLink(name, page) : channelButton(channel), 0, { scope: "row" }),
      ...cells.map((text, place) => cell("td", text, place + 1)),
    ]));
    return make("table", [make("thead", [names]), make("tbody", body)], { className: "table table-sm" });
  }

  const row = (cells) => make("tr", cells);
  const cell = (tag, content, place, properties = {}) =>
    make(tag, [content], { ...properties, className: place ? "number" : "" });

  function layerLink(name, page) {
    const href = `${root.cnn.pathOf(page)}/${encodeURIComponent(name)}`;
    return page ? make("a", [name], { href, className: "keeps-view" }) : name;
  }

  function channelButton(channel) {
    const button = make("button", [String(channel)], { type: "button", className: "btn btn-sm btn-outline-primary" });
    button.dataset.channel = String(channel);
    button.setAttribute("aria-label", `Channel ${channel}`);
    return button;
  }

  function make(tag, children, properties = {}) {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  }

  // The channel that is looked at is the one that is pressed.
  function mark(box, view) {
    root.cnn.markPicture(box, view);
    for (const button of box.querySelectorAll("[data-channel]")) {
      const isChosen = Number(button.dataset.channel) === Number((view && view.channel) || 0);
      button.setAttribute("aria-pressed", String(isChosen));
      button.classList.toggle("active", isChosen);
    }
  }

  async function takeMade(box, asked, number) {
    const view = root.cnn.currentView();
    const address = root.cnn.addressOf("take_made", { study_id: asked.id, number });
    const { changes, problem } = await root.cnn.ask(address + root.cnn.toQuery(view), {});
    if (problem) part(box, "said").textContent = problem;
    if (changes && view === root.cnn.currentView()) root.cnn.changeView(changes);
  }

  async function press(box, button) {
    const asked = questions.get(box);
    if (button.matches(".study-start")) {
      show(box, asked, { state: "queued", progress: "asking for it" });
      await ask(box, asked, false);
      if (isAbout(box, asked) && asked.isActive) askForMaps(asked);
    } else if (button.matches(".study-cancel")) {
      await root.cnn.ask(addressOf("cancel_study", asked), {});
    } else if (button.dataset.made) {
      await takeMade(box, asked, button.dataset.made);
    } else if (button.dataset.index) {
      root.cnn.showSample(button.dataset.index);
    } else {
      root.cnn.changeView({ channel: button.dataset.channel });
    }
  }

  document.addEventListener("click", ({ target }) => {
    const button = target.closest(".study button");
    if (button && questions.has(button.closest(".study"))) press(button.closest(".study"), button);
  });

  root.cnn = { ...root.cnn, followStudy, queryOfTrials, isStudyActive };
})();
