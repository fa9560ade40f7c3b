// The page "Quiz": the answer is told once a map is chosen. It is kept for this very question, and is no part of
// the view.
(function () {
  const root = window.dash_clientside;
  let question, answer;
  root.cnn.atStart(() => {
    question = null;
    answer = null;
  });

  const place = () => document.getElementById("quiz-question");
  const buttons = () => [.../** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll(".quiz-choice"))];

  // What was chosen of this question; -1 before.
  const chosenOf = () => (question && answer?.key === question.key ? answer.option : -1);

  function receive(given) {
    question = given.question;
    paint();
  }

  function paint() {
    if (!place()) return;
    const option = chosenOf();
    const isAnswered = option >= 0;
    place().toggleAttribute("data-answered", isAnswered);
    for (const [i, button] of buttons().entries()) {
      button.disabled = !question;
      button.setAttribute("aria-pressed", String(i === option));
      button.classList.toggle("right", isAnswered && question.right.includes(i));
    }
    root.cnn.paintText("quiz-verdict", isAnswered ? root.cnn.verdictOn(question, option) : "");
  }

  // The first answer counts.
  function choose(option) {
    if (!question || chosenOf() >= 0) return;
    answer = { key: question.key, option };
    paint();
  }

  function askAnother() {
    const view = root.cnn.currentView();
    if (view) root.cnn.changeView({ quiz: Number(view.quiz || 0) + 1 });
  }

  document.addEventListener("click", ({ target }) => {
    const button = target.closest("#quiz-question button");
    if (!button) return;
    if (button.id === "quiz-another") askAnother();
    else if (button.matches(".quiz-choice")) choose(buttons().indexOf(button));
  });
  document.addEventListener("change", ({ target }) => {
    if (target.id === "quiz-method") root.cnn.changeView({ method: target.value });
  });

  root.cnn.receivers["quiz-question"] = receive;
})();
