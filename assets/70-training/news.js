// What goes on at the server is asked for, seldom when all is quiet. Dash hears only of what is new.
(function () {
  const root = window.dash_clientside;
  const AGAIN_MILLISECONDS = 4000;
  const SILENCE = "The server does not answer. This page asks again every few seconds.";

  let isOpen = false;
  let known = "";
  let next = 0;
  let asked = 0;

  // Called when the page is opened.
  function followNews() {
    isOpen = true;
    hear();
    return root.no_update;
  }

  async function hear() {
    clearTimeout(next);
    if (document.hidden) return;
    const number = (asked += 1);
    const told = await ask();
    if (number !== asked) return;
    next = setTimeout(hear, told ? told.wait : AGAIN_MILLISECONDS);
    document.getElementById("silence").textContent = told ? "" : SILENCE;
    if (!told) return;
    if (told.news !== known) root.set_props("news", { data: told.news });
    if (told.runs) root.cnn.showRuns(told);
  }

  // Called when Dash has told what the key stands for.
  function heard(key) {
    known = key;
  }

  async function ask() {
    const isListed = Boolean(document.getElementById("training-runs"));
    const asked = new URLSearchParams(location.search);
    if (isListed) root.cnn.askForRuns(asked);
    try {
      const got = await fetch(`${isListed ? "/news/runs" : "/news"}?${asked}`);
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
