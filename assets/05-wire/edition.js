// A page that is open while its server becomes another asks for what is not there any more: the reader is told.
(function () {
  const root = window.dash_clientside;
  const { edition } = root.cnn.rules;
  const fetch = window.fetch;

  async function attentively(address, options) {
    const answer = await fetch(address, options);
    const other = answer.headers.get("X-Edition");
    if (other && other !== edition) sayOutdated();
    if (answer.headers.has("X-Refusal-Untold")) tell(await answer.clone().text());
    return answer;
  }

  function sayOutdated() {
    const line = document.getElementById("outdated");
    if (line) line.hidden = false;
  }

  // Dash writes into the console alone that a callback was refused.
  function tell(sentence) {
    root.set_props("notice", { children: sentence, is_open: true });
  }

  window.fetch = attentively;
})();
