// The live state is the store "view"; the address bar mirrors it without the router noticing.
(function () {
  const root = window.dash_clientside;
  const { rules, ofControls, ofView } = root.cnn;

  function toQuery(view) {
    const pairs = Object.entries(view).flatMap(([name, value]) =>
      [].concat(value).map((one) => [name, one])
    );
    return "?" + new URLSearchParams(pairs).toString();
  }

  // What views have in common whose networks have the same layers and the same output: changed channels put in
  // layers.
  function networkOf({ model, output, sums, surgery }) {
    const operated = (surgery || "").split(";").map((layer) => layer.split(":")[0]);
    return [model, output && "output " + output, sums, ...operated].filter(Boolean).join(" ");
  }

  // What was made here has come around while a newer view waits to be carried.
  const isBehind = (view) => Boolean(pending && view) && made.has(toQuery(view));

  // What the server makes of an address. It completes and repairs; what it changed, it tells.
  async function follow(search) {
    try {
      const answer = await fetch(root.cnn.addressOf("link") + search);
      if (answer.ok) return await answer.json();
    } catch (error) {
      console.warn(error);
    }
    const message = "The server did not answer: reload the page.";
    if (root.set_props) root.set_props("notice", { children: message, is_open: true });
    return null;
  }

  // The address of the first visit is asked about while Dash is still building the page.
  const first = { search: location.search, link: location.search && follow(location.search) };
  let current = null;
  // The view that Dash has not been given yet, and the addresses of those that were made here.
  let pending = null;
  const made = new Set();
  let replaces;

  // Who goes back twice at once has left the address that Dash tells of.
  const isLeft = (search) => search !== location.search;

  // A link inside the dashboard has no query: then the view stays as it is.
  async function read(search, standard, view) {
    const stays = [root.no_update, root.no_update];
    if (!search) return view ? stays : [standard, root.no_update];
    if (view && (isLeft(search) || search === toQuery(view))) return stays;
    const link = (search === first.search && (await first.link)) || (await follow(search));
    first.link = null;
    if (!link || (view && (isLeft(search) || toQuery(link.view) === toQuery(view)))) return stays;
    replaces = true;
    return [link.view, link];
  }

  // The address takes a repaired view without a step back to what it was: that could not be shown.
  function write(view) {
    if (isBehind(view)) return;
    made.clear();
    adopt(view);
  }

  function adopt(view) {
    current = view || current;
    root.cnn.present(view);
    root.cnn.filterBroken();
    if (view && location.search !== toQuery(view)) {
      const change = location.search && !replaces ? "pushState" : "replaceState";
      history[change]({ view }, "", location.pathname + toQuery(view) + location.hash);
    }
    replaces = false;
  }

  // As a link of Dash does it: the page changes without being loaded again.
  function goTo(address) {
    history.pushState({}, "", address);
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
  }

  // Does something whenever a link, a script or the browser leads to another address.
  function whenLeft(act) {
    for (const event of ["_dashprivate_pushstate", "popstate"]) window.addEventListener(event, act);
  }

  // For what is no Dash component. A change that `replaces` adds no step to the way back. Dash carries the
  // view around when its numbers are painted, since that takes as long as they do.
  function changeView(changes, replacing = false) {
    const next = change(current, changes);
    if (next === root.no_update) return;
    replaces = replacing;
    adopt(next);
    pending = next;
    root.cnn.whenPainted(carry);
  }

  function carry() {
    if (pending && pending === current) root.set_props("view", { data: pending });
    pending = null;
  }

  // Whoever points at a link gets its whole address: to copy it, or to open it in another tab.
  for (const name of ["pointerover", "focusin"]) {
    document.addEventListener(name, (event) => {
      const anchor = event.target.closest && event.target.closest("a.keeps-view");
      if (anchor) anchor.href = new URL(anchor.href).pathname + searchOf(anchor);
    });
  }

  function searchOf({ dataset }) {
    return dataset.parts && current ? toQuery(changed(current, JSON.parse(dataset.parts)))
      : location.search;
  }

  // A link that looks at another part of the view is none of Dash, which would leave the view as it is.
  document.addEventListener("click", (event) => {
    const anchor = event.target.closest("a[data-parts]");
    if (!anchor || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    goToCell(new URL(anchor.href).pathname, current, JSON.parse(anchor.dataset.parts));
  });

  // This page gets the place too: the way back then changes the page, and not the view with it.
  function goToCell(path, view, place) {
    const query = toQuery(changed(view, place));
    history.replaceState(null, "", location.pathname + query);
    goTo(path + query);
    window.scrollTo(0, 0);
  }

  // Called when the page is another, and when the tabs of its layers have arrived.
  function markCurrent() {
    setTimeout(markLinks, 0);
  }

  function markLinks() {
    root.cnn.filterBroken();
    for (const anchor of document.querySelectorAll(".top .pages a, .layer-tabs a")) {
      const path = decodeURIComponent(new URL(anchor.href).pathname);
      const here = decodeURIComponent(location.pathname);
      const inside = anchor.closest(".pages") && here.startsWith(path + "/");
      const current = here === path || inside || isDefault(anchor);
      anchor.classList.toggle("active", current);
      if (current) anchor.setAttribute("aria-current", "page");
      else anchor.removeAttribute("aria-current");
      if (current) scrollIntoTabs(anchor);
    }
  }

  // A phone's window changes its height while one scrolls; only another width hides a tab.
  let width = window.innerWidth;
  window.addEventListener("resize", () => {
    if (window.innerWidth !== width) markCurrent();
    width = window.innerWidth;
  });

  function isDefault(anchor) {
    return anchor.classList.contains("default") && !root.cnn.pageLayer();
  }

  function scrollIntoTabs(anchor) {
    const bar = anchor.closest(".layer-tabs, .pages");
    if (anchor.closest(".layer-list")) return;
    const left = anchor.offsetLeft - bar.offsetLeft;
    if (left < bar.scrollLeft || left + anchor.offsetWidth > bar.scrollLeft + bar.clientWidth) {
      bar.scrollLeft = left - 24;
    }
  }

  // Back and forward on one page: only the store changes, so the page stays mounted.
  let pathname;
  opened();

  // The style sheets know the page by its name.
  function opened() {
    if (pathname === location.pathname) return;
    pathname = location.pathname;
    document.documentElement.dataset.page = root.cnn.openPage();
  }

  let steps = 0;
  root.cnn.atStart(() => {
    replaces = false;
    steps += 1;
  });

  const returns = [];

  // What is run when the reader goes back or forward, before the view is another.
  function onReturn(act) {
    returns.push(act);
  }

  window.addEventListener("popstate", (event) => {
    for (const act of returns) act();
    if (location.pathname === pathname && root.set_props) {
      event.stopImmediatePropagation();
      arrive(event.state && event.state.view);
    }
    opened();
  });

  // An address that was written here has its view; any other is asked about.
  async function arrive(view) {
    const step = ++steps;
    const link = view ? { view, messages: [] } : await follow(location.search);
    if (!link || step !== steps) return;
    replaces = true;
    current = link.view;
    pending = null;
    root.set_props("repaired", { data: link });
    root.set_props("view", { data: link.view });
  }

  for (const name of ["pushState", "replaceState"]) {
    const original = history[name];
    history[name] = function () {
      const result = original.apply(this, arguments);
      if (pathname !== location.pathname) carry();
      opened();
      return result;
    };
  }

  // Controls write the view; the view writes the controls. What is equal already stops the circle.
  // What the next view shows is on its way before Dash has carried the view around.
  function change(view, changes) {
    if (!view) return root.no_update;
    const next = changed(view, changes);
    if (toQuery(next) === toQuery(view)) return root.no_update;
    root.cnn.keepUp(next);
    made.add(toQuery(next));
    return next;
  }

  function changed(view, changes) {
    const next = { ...view };
    for (const [name, value] of Object.entries(changes)) {
      if (value === null || value === undefined || value === "") delete next[name];
      else next[name] = String(value);
    }
    for (const [causes, parts] of rules.goes) {
      if (causes.every((name) => next[name] === view[name])) continue;
      for (const part of parts) if (!(part in changes)) delete next[part];
    }
    return next;
  }

  // Counts the choices of a data set: an older one does not undo a newer.
  let choices;
  root.cnn.atStart(() => (choices = 0));

  // A component of Dash makes the next view. The store can be behind for as long as numbers are on their way.
  function chooseFor(stored, changes) {
    const next = change(current || stored, changes);
    if (next !== root.no_update) [current, pending] = [next, null];
    return next;
  }

  async function choose(data, model, stored) {
    const view = current || stored;
    if (!view || !data || !model) return root.no_update;
    const [name, split] = data.split("/");
    if (name === view.data && split === view.split) return chooseFor(stored, { model });
    const choice = ++choices;
    const index = await root.cnn.placeIn({ data: name, split }, view);
    return choice === choices ? chooseFor(stored, { data: name, split, index, model }) : root.no_update;
  }

  function chosen(view, data, model) {
    if (!view) return [root.no_update, root.no_update];
    const wanted = [view.data + "/" + view.split, view.model];
    return wanted.map((value, i) => (value === [data, model][i] ? root.no_update : value));
  }

  function offerOutputs(layers) {
    const labels = (layers && layers.outputs) || [];
    return [labels.map((label, i) => ({ label, value: String(i) })), labels.length < 2];
  }

  // A control that is mounted says its own value: the default is no part of the view.
  function chooseOne(name, other = rules.defaults[name]) {
    return ofControls((value, view) =>
      value ? chooseFor(view, { [name]: value === other ? null : value }) : root.no_update);
  }

  function chosenOne(name, other = rules.defaults[name]) {
    return ofView((view, value) => {
      const wanted = (view && view[name]) || other;
      return wanted === String(value) ? root.no_update : wanted;
    });
  }

  // The select of an option: its first entry is the default.
  function chooseOption(value, view, options, identity) {
    if (!value) return root.no_update;
    const isDefault = value === options[0].value;
    return chooseFor(view, root.cnn.withOption(current || view, identity, isDefault ? null : value));
  }

  function chosenOption(view, options, value, identity) {
    const wanted = root.cnn.optionOf(view, identity) ?? options[0].value;
    return wanted === value ? root.no_update : wanted;
  }

  root.cnn = { ...root.cnn,
    toQuery,
    networkOf,
    followLink: follow,
    read,
    write,
    isBehind,
    markCurrent,
    goTo,
    whenLeft,
    goToCell,
    onReturn,
    currentView: () => current,
    changeView,
    changed,
    chooseFor,
    choose: ofControls(choose),
    chosen: ofView(chosen),
    offerOutputs,
    chooseOutput: chooseOne("output", "0"),
    chosenOutput: chosenOne("output", "0"),
    chooseSource: chooseOne("source", "norm"),
    chosenSource: chosenOne("source", "norm"),
    chooseWeights: chooseOne("weights", "0"),
    chosenWeights: chosenOne("weights", "0"),
    chooseOver: chooseOne("over"),
    chosenOver: chosenOne("over"),
    chooseScale: chooseOne("scale"),
    chosenScale: chosenOne("scale"),
    chooseLines: chooseOne("lines"),
    chosenLines: chosenOne("lines"),
    chooseOf: chooseOne("of", "predicted"),
    chosenOf: chosenOne("of", "predicted"),
    chooseAgainst: chooseOne("against", "none"),
    chosenAgainst: chosenOne("against", "none"),
    chooseBy: chooseOne("by"),
    chosenBy: chosenOne("by"),
    chooseMethod: chooseOne("method"),
    chosenMethod: chosenOne("method"),
    chooseOverlay: chooseOne("overlay"),
    chosenOverlay: chosenOne("overlay"),
    chooseNorm: chooseOne("norm"),
    chosenNorm: chosenOne("norm"),
    chooseUnit: chooseOne("unit", "output"),
    chosenUnit: chosenOne("unit", "output"),
    chooseFocus: chooseOne("focus"),
    chosenFocus: chosenOne("focus"),
    chooseOption: ofControls(chooseOption),
    chosenOption: ofView(chosenOption),
  };
})();
