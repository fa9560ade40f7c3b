// A picture that a page has made becomes the picture of the view: the button that takes it.
(function () {
  const root = window.dash_clientside;

  document.addEventListener("click", ({ target }) => {
    const button = target.closest(".take-picture");
    if (button) take(button);
  });

  async function take(button) {
    const view = root.cnn.currentView();
    const said = button.parentNode.querySelector(".problem");
    button.disabled = true;
    const address = root.cnn.addressOf("take", { page: button.dataset.page }) + root.cnn.toQuery(view);
    const { changes, problem = "" } = await root.cnn.ask(address, {});
    button.disabled = false;
    said.textContent = problem;
    if (changes && view === root.cnn.currentView()) root.cnn.changeView(changes);
  }
})();
