// What a reader chooses of a model can be kept on its card, for all readers.
(function () {
  const root = window.dash_clientside;

  // The buttons are there for whoever may change cards. What is kept already is not kept again.
  function paintKeeping(name, { chosen, kept, keeps }) {
    const [keep, undo] = ["keep", "undo"].map((part) => document.getElementById(`${name}-${part}`));
    if (!keep || !undo) return;
    keep.hidden = !keeps || !chosen || chosen === kept;
    undo.hidden = !keeps || !kept || Boolean(chosen);
  }

  // Every part of the page has the choice in it: it is read anew, with an address that leaves it to the card.
  async function keepOnCard(route, key, value) {
    const { ...view } = root.cnn.currentView();
    delete view[key];
    const address = root.cnn.addressOf(route) + root.cnn.toQuery(view);
    const { problem } = await root.cnn.ask(address, { [key]: value });
    if (problem) return problem;
    history.replaceState({ view }, "", location.pathname + root.cnn.toQuery(view) + location.hash);
    location.reload();
    return "";
  }

  root.cnn = { ...root.cnn, paintKeeping, keepOnCard };
})();
