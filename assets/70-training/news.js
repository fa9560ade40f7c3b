// What goes on at the server is asked for, seldom when all is quiet. Dash hears only of what is new.
(function () {
  const root = window.dash_clientside;
  const AGAIN_MILLISECONDS = 4000;
  const SILENCE = "The server does not answer. This page asks again every few seconds.";

  let isOpen = false;
  let known = "";
  let next = 0;
  let requests = 0;

  // Called when the page is opened.
  function followNews() {
    isOpen = true;
    hear();
    return root.no_update;
  }

  async function hear() {
    clearTimeout(next);
    if (document.hidden) return;
    const number = (requests += 1);
    const answer = await ask();
    if (number !== requests) return;
    next = setTimeout(hear, answer ? answer.wait : AGAIN_MILLISECONDS);
    document.getElementById("silence").textContent = answer ? "" : SILENCE;
    if (!answer) return;
    if (answer.news !== known) root.set_props("news", { data: answer.news });
    if (answer.runs) root.cnn.showRuns(answer);
  }

  // Called when Dash has told what the key stands for.
  function heard(key) {
    known = key;
  }

  async function ask() {
    const isListed = Boolean(document.getElementById("training-runs"));
    const query = new URLSearchParams(location.search);
    if (isListed) root.cnn.askForRuns(query);
    try {
      const got = await fetch(`${root.cnn.addressOf(isListed ? "news_of_runs" : "news")}?${query}`);
      return got.ok ? await got.json() : null;
    } catch {
      return null;
    }
  }

  document.addEventListener("visibilitychange", () => {
    if (isOpen) hear();
  });

  root.cnn = { ...root.cnn, followNews, hear, heard };
})();
