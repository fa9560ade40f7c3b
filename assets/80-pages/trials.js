// All maps of a number are tried one after the other: how far each can be trusted is a study of its own.
(function () {
  const root = window.dash_clientside;
  const AGAIN_MILLISECONDS = 500;

  // What is tried, until the view is about another number or the reader gives up.
  let trying;
  root.cnn.atStart(() => (trying = null));

  const part = (box, name) => box.querySelector(name);

  // Called when the place is on the page, and for every view.
  function followTrials(id, view) {
    const box = document.getElementById(id);
    if (box && view && trying?.query !== root.cnn.queryOfTrials(view)) rest(box, "");
    return root.no_update;
  }

  function rest(box, said) {
    trying = null;
    show(box, false, 0, "");
    part(box, ".study-said").textContent = said;
  }

  function show(box, isActive, done, words) {
    const [start, cancel, bar] = [".trials-start", ".trials-cancel", "progress"].map((name) => part(box, name));
    const hadFocus = [start, cancel].includes(document.activeElement);
    start.hidden = isActive;
    cancel.hidden = bar.hidden = !isActive;
    bar.value = done;
    part(box, ".study-progress").textContent = words;
    if (hadFocus) (isActive ? cancel : start).focus();
  }

  async function tryAll(box) {
    const mine = (trying = { query: root.cnn.queryOfTrials(root.cnn.currentView()), id: "", isOver: false });
    const methods = JSON.parse(part(box, "[data-methods]").dataset.methods);
    const failed = [];
    part(box, ".study-said").textContent = "";
    for (const [place, [method, name]] of methods.entries()) {
      const tell = (told) =>
        show(box, true, place + (told.all ? told.done / told.all : 0), wordsOf(place, methods.length, name, told));
      const told = await tried(mine, method, tell);
      if (!isMine(mine, box)) return;
      if (!told.id || told.state === "cancelled") return rest(box, told.problem || sentence(place, methods, failed));
      if (told.state !== "finished") failed.push(`${name}: ${told.problem}`);
      else root.cnn.askForEmpty(root.cnn.currentView());
    }
    rest(box, sentence(methods.length, methods, failed));
  }

  const isMine = (mine, box) => mine === trying && box.isConnected;

  // How the study of a map ended; nothing where another view is shown before that.
  async function tried(mine, method, tell) {
    tell({});
    let told = await root.cnn.ask(root.cnn.addressOf("studies") + mine.query, { kind: "trust", method });
    while (mine === trying && root.cnn.isStudyActive(told)) {
      mine.id = told.id;
      tell(told);
      if (mine.isOver) await cancel(mine);
      await new Promise((resume) => setTimeout(resume, AGAIN_MILLISECONDS));
      if (mine === trying) told = { ...told, ...(await root.cnn.ask(root.cnn.addressOf("study", { study_id: told.id }) + mine.query)) };
    }
    return told;
  }

  const cancel = ({ id, query }) => root.cnn.ask(root.cnn.addressOf("cancel_study", { study_id: id }) + query, {});

  const wordsOf = (place, count, name, { progress = "" }) =>
    [`Map ${place + 1} of ${count}, ${name}`, ...(progress ? [progress] : [])].join(": ");

  function sentence(done, { length }, failed) {
    const count = done - failed.length;
    const said = `${count} of ${length} maps were tried: their marks stand under them.`;
    return [said, ...failed].join(" ");
  }

  document.addEventListener("click", ({ target }) => {
    const button = /** @type {Element} */ (target).closest(".trials button");
    if (!button) return;
    if (button.matches(".trials-start")) tryAll(button.closest(".trials"));
    else if (trying) trying.isOver = true;
  });

  root.cnn = { ...root.cnn, followTrials };
})();
