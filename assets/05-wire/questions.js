// Questions to the server that it answers in JSON.
(function () {
  const root = window.dash_clientside;
  const SILENCE = "The server does not answer: try again.";

  // What the server answers, or the `problem` why it does not; `isSilent` where nothing came that can be read.
  async function ask(address, body = null) {
    const headers = { "Content-Type": "application/json" };
    try {
      const got = await fetch(address, body ? { method: "POST", headers, body: JSON.stringify(body) } : {});
      const isText = (got.headers.get("Content-Type") || "").startsWith("text/plain");
      return isText ? { problem: await got.text() } : await got.json();
    } catch {
      return { problem: SILENCE, isSilent: true };
    }
  }

  root.cnn = { ...root.cnn, ask, SILENCE };
})();
