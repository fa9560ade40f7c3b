// The words of the field in captions and facts: underlined, told when they are pointed at or tapped,
// and listed behind a button that keys reach. The texts belong to Dash and stay as they are: words are
// marked by highlights over them, once the page has come to rest.
(function () {
  const root = window.dash_clientside;
  const PLACES = ".caption, .facts, .lesson, .net-explanation";
  const REST_MILLISECONDS = 400;
  const EDGE = 8;

  let lexicon = null;
  let timer = 0;
  let marked, shownHash;
  root.cnn.atStart(() => {
    [marked, shownHash] = [[], ""];
    hideTip();
  });

  // { byForm, pattern } of all forms of all terms; the longest that fits is the one that is meant.
  function known() {
    const place = document.getElementById("glossary-terms");
    if (lexicon || !place) return lexicon;
    const byForm = new Map();
    for (const term of JSON.parse(place.dataset.terms)) {
      for (const form of [term.name, ...term.forms]) byForm.set(form.toLowerCase(), term);
    }
    const forms = [...byForm.keys()].sort((a, b) => b.length - a.length);
    const escaped = forms.map((form) => form.replace(/[\\^$*+?.()|[\]{}]/g, "\\$&"));
    lexicon = { byForm, pattern: new RegExp(`(?<![\\p{L}\\p{N}_])(?:${escaped.join("|")})(?![\\p{L}\\p{N}_])`, "giu") };
    return lexicon;
  }

  function schedule() {
    clearTimeout(timer);
    timer = setTimeout(scan, REST_MILLISECONDS);
  }

  function scan() {
    if (!known()) return;
    marked = [];
    const used = new Map();
    for (const place of document.querySelectorAll(PLACES)) {
      const holder = place.closest("#network") || place;
      if (!used.has(holder)) used.set(holder, new Set());
      if (place.offsetParent) mark(place, used.get(holder));
    }
    if (window.Highlight) CSS.highlights.set("words", new Highlight(...marked.map(({ range }) => range)));
    for (const [holder, terms] of used) offer(holder, [...terms]);
    showEntry();
  }

  // The first use of each term in a place.
  function mark(place, terms) {
    const here = new Set();
    const walker = document.createTreeWalker(place, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      for (const { 0: word, index } of node.data.matchAll(lexicon.pattern)) {
        const term = lexicon.byForm.get(word.toLowerCase());
        if (here.has(term)) continue;
        here.add(term);
        terms.add(term);
        const range = new Range();
        range.setStart(node, index);
        range.setEnd(node, index + word.length);
        marked.push({ range, place, term });
      }
    }
  }

  // The button before a place, which lists the terms used there; none where there are none.
  function offer(holder, terms) {
    const before = holder.previousElementSibling;
    let button = before && before.matches("button.words") ? before : null;
    if (!terms.length) {
      if (button) button.remove();
      return;
    }
    if (!button) {
      button = document.createElement("button");
      Object.assign(button, { type: "button", className: "words", title: "Words used here" });
      button.setAttribute("aria-label", button.title);
      button.setAttribute("aria-haspopup", "dialog");
      button.addEventListener("click", () => list(button.terms, button.getBoundingClientRect()));
      holder.before(button);
    }
    button.terms = terms;
  }

  // ---- The list.

  function list(terms, anchor) {
    const box = boxOf("words", "dialog");
    box.setAttribute("aria-label", "Words");
    const entries = document.createElement("dl");
    for (const term of terms) {
      const [name, text, link] = ["dt", "dd", "a"].map((tag) => document.createElement(tag));
      link.textContent = term.name;
      link.href = root.cnn.pathOf("glossary") + location.search + "#" + term.key;
      name.append(link);
      text.textContent = term.text;
      entries.append(name, text);
    }
    box.replaceChildren(entries);
    hideTip();
    box.showPopover();
    beside(box, anchor);
    box.querySelector("a").focus({ preventScroll: true });
  }

  function boxOf(id, role) {
    const known = document.getElementById(id);
    if (known) return known;
    const box = document.createElement("div");
    Object.assign(box, { id, popover: role === "dialog" ? "auto" : "manual" });
    box.setAttribute("role", role);
    document.body.append(box);
    return box;
  }

  // Below what it belongs to, or above it where there is more room; always within the window.
  function beside(box, { left, top, bottom }) {
    const { width, height } = box.getBoundingClientRect();
    const [most, lowest] = [document.documentElement.clientWidth - width - EDGE, window.innerHeight - height - EDGE];
    const under = bottom + EDGE <= lowest ? bottom + EDGE : top - height - EDGE;
    box.style.left = Math.max(EDGE, Math.min(left, most)) + "px";
    box.style.top = Math.max(EDGE, Math.min(under, lowest)) + "px";
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest("#words a");
    if (link && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)) {
      event.preventDefault();
      document.getElementById("words").hidePopover();
      shownHash = "";
      root.cnn.goTo(link.href);
      return schedule();
    }
    const word = at(event);
    if (word && window.getSelection().isCollapsed && !event.target.closest("a, button")) {
      list([word.term], word.rect);
    }
  });

  // On the page of all words, the one that the address asks for.
  function showEntry() {
    const entry = location.hash && document.getElementById("word-" + decodeURIComponent(location.hash.slice(1)));
    if (!entry || shownHash === location.hash) return;
    shownHash = location.hash;
    document.querySelectorAll(".glossary .current").forEach((one) => one.classList.remove("current"));
    entry.classList.add("current");
    entry.scrollIntoView({ block: "center" });
  }

  // ---- Pointing.

  // The marked word at a place of the window, with its rectangle.
  function at({ target, clientX, clientY }) {
    const place = target.closest && target.closest(PLACES);
    if (!place) return null;
    for (const one of marked) {
      if (one.place !== place) continue;
      for (const rect of one.range.getClientRects()) {
        const inside = clientX >= rect.left && clientX <= rect.right && clientY >= rect.top && clientY <= rect.bottom;
        if (inside) return { term: one.term, rect };
      }
    }
    return null;
  }

  document.addEventListener("pointermove", (event) => {
    if (event.pointerType !== "mouse" || event.buttons) return;
    const word = at(event);
    if (!word) return hideTip();
    const tip = boxOf("word-tip", "tooltip");
    if (tip.textContent === word.term.text && tip.matches(":popover-open")) return;
    tip.textContent = word.term.text;
    tip.showPopover();
    beside(tip, word.rect);
  });

  function hideTip() {
    const tip = document.getElementById("word-tip");
    if (tip && tip.matches(":popover-open")) tip.hidePopover();
  }
  document.addEventListener("scroll", hideTip, { capture: true, passive: true });
  document.addEventListener("keydown", ({ key }) => key === "Escape" && hideTip());

  // ---- What may bring other texts: Dash, what is opened, and what is switched.

  const content = document.getElementById("react-entry-point") || document.body;
  new MutationObserver(schedule).observe(content, { childList: true, characterData: true, subtree: true });
  for (const kind of ["change", "toggle"]) document.addEventListener(kind, schedule, true);
  root.cnn.onReturn(schedule);
})();
