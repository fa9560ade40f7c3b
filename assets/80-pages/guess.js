// "Let me guess first": the question what will come, until there is a guess. What is hidden by then the style
// sheet beside it says.
(function () {
  const root = window.dash_clientside;
  // Of each box its parts, the question, undefined until the page has said it, what that is `of`, and the
  // last guess.
  const states = new WeakMap();

  // Whether the answer is hidden: while it is wanted so, unless there is nothing to guess, or a guess of this
  // very question.
  function isHidden(isWanted, question, guess) {
    return isWanted && question !== null && !(question && guess && guess.key === question.key);
  }

  function verdictOn({ right, reason }, option) {
    return `${right.includes(option) ? "✓ You are right." : "✗ Not so."} ${reason}`;
  }

  const isWanted = (view) => view.guess === "1";

  // The box of the open page with its state; nothing where the page asks nothing.
  function open() {
    const box = document.querySelector(".guess");
    if (!box) return null;
    if (!states.has(box)) states.set(box, { box, parts: build(box), question: undefined, guess: null });
    return states.get(box);
  }

  function build(box) {
    const label = root.cnn.parts.check("Let me guess first", false, (on) =>
      root.cnn.changeView({ guess: on ? 1 : null }));
    const part = (tag, className) => Object.assign(document.createElement(tag), { className });
    const [asked, options] = [part("div", "guess-asked"), part("div", "guess-options")];
    const [words, verdict] = [part("p", "guess-words"), part("p", "guess-verdict")];
    const check = label.querySelector("input");
    check.setAttribute("role", "switch");
    for (const live of [words, verdict]) live.setAttribute("aria-live", "polite");
    asked.append(words, options, verdict);
    box.replaceChildren(label, asked);
    return { check, asked, words, options, verdict };
  }

  // What a prediction depends on.
  const ofPicture = (view) => root.cnn.rules.parts.panel.map((name) => view[name]).join();

  // Of another picture or network nothing has been asked yet.
  function showGuess(view) {
    const state = open();
    if (!state || !view) return root.no_update;
    if (ofPicture(view) !== state.of) state.question = undefined;
    paint(state, view);
    return isWanted(view) ? "1" : "";
  }

  // What the page asks by now; it comes before the numbers are painted.
  function receive({ question }) {
    const [state, view] = [open(), root.cnn.currentView()];
    if (!state || !view) return;
    Object.assign(state, { question, of: ofPicture(view) });
    paint(state, view);
  }

  function paint({ box, parts, question, guess }, view) {
    const hides = isHidden(isWanted(view), question, guess);
    parts.check.checked = isWanted(view);
    parts.asked.hidden = !isWanted(view);
    box.dataset.hides = !hides ? "" : question ? question.about : "unasked";
    // On the page that asks for it, the panel gives nothing away either.
    document.querySelector(".panel").classList.toggle("guessing", ["unasked", "class"].includes(box.dataset.hides));
    if (!isWanted(view) || question === undefined) return;
    write(parts.words, question ? question.words : "There is nothing to guess here.");
    paintOptions(parts.options, question, hides ? null : guess);
    write(parts.verdict, question && !hides ? verdictOn(question, guess.option) : "");
  }

  // The same words again are no news for a screen reader.
  function write(place, text) {
    if (place.textContent !== text) place.textContent = text;
  }

  // Buttons of the same names stay, with the focus that one has.
  function paintOptions(place, question, guess) {
    const names = question ? question.options : [];
    const known = [...place.children].map(({ dataset }) => dataset.name);
    if (known.join() !== names.join()) place.replaceChildren(...names.map(option));
    for (const [i, button] of [...place.children].entries()) {
      const isRight = Boolean(guess) && question.right.includes(i);
      button.classList.toggle("right", isRight);
      button.setAttribute("aria-pressed", String(Boolean(guess) && guess.option === i));
    }
  }

  function option(name, i) {
    const button = root.cnn.parts.button(name, "", () => choose(i));
    button.removeAttribute("title");
    button.dataset.name = name;
    return button;
  }

  function choose(option) {
    const state = open();
    const view = root.cnn.currentView();
    if (!state.question || !isHidden(isWanted(view), state.question, state.guess)) return;
    state.guess = { key: state.question.key, option };
    paint(state, view);
  }

  // While one is asked for, a click on what is read is a guess which cell of the window wins, and no more;
  // says whether it is one.
  function guessCell({ plot, place }) {
    const [state, view] = [open(), root.cnn.currentView()];
    const asks = state?.question && isHidden(isWanted(view), state.question, state.guess);
    if (!asks || !plot.closest("#why-before")) return false;
    const found = (state.question.cells || []).findIndex(([row, column]) => row === place.row && column === place.column);
    if (found >= 0) choose(found);
    return true;
  }

  root.cnn = { ...root.cnn, showGuess, guessCell, isHidden, verdictOn };
  Object.assign(root.cnn.receivers, { "why-guess": receive, "surgery-guess": receive });
})();
