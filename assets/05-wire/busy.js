// A server with more to do than it can says so, and when to ask again: then that is done, here, for all that
// pages and Dash ask for, and the reader is told as long as something waits. The reader is told as well where
// what the page shows next takes long to compute.
(function () {
  const root = window.dash_clientside;
  const once = window.fetch.bind(window);
  const SENTENCE = "The server has more to do than it can do at once. This page asks again by itself.";
  const COMPUTING = "The server computes what this page shows next …";
  const LONG_MILLISECONDS = 1500;
  // How Dash ends the address of its callbacks, below whatever path.
  const CALLBACK = "_dash-update-component";
  const refused = new Set();
  const long = new Set();
  let number = 0;

  // Whether `who` waits to ask again.
  function sayBusy(who, isRefused) {
    mark(refused, who, isRefused);
  }

  function mark(those, who, isOne) {
    if (isOne) those.add(who);
    else those.delete(who);
    const line = document.getElementById("busy");
    const sentence = refused.size ? SENTENCE : long.size ? COMPUTING : "";
    if (!line || line.textContent === sentence) return;
    line.hidden = !sentence;
    line.textContent = sentence;
  }

  // Says so if `who` waits for long; returns what is to be called when the answer is there. A page that waits
  // for the server's start says that itself: until it has started it is looked for again.
  function sayIfLong(who) {
    const isStarting = () => document.querySelector("#content.waiting, #content.unavailable, body.late");
    let timer = null;
    const look = () => {
      timer = setTimeout(() => (isStarting() ? look() : mark(long, who, true)), LONG_MILLISECONDS);
    };
    look();
    return () => {
      clearTimeout(timer);
      mark(long, who, false);
    };
  }

  // After how many milliseconds a refused request is to be sent again: not all browsers at one time. None
  // where the refusal is for good, or says nothing about it. It also runs in a thread of its own, and so it
  // uses nothing around it.
  function restOf(answer) {
    const seconds = answer.status === 503 ? Number(answer.headers.get("Retry-After")) : 0;
    return 1000 * seconds * (1 + Math.random());
  }

  // Of a callback that was refused in a sentence of its own, what Dash takes: it reads no other status.
  function asTold(answer) {
    const isTold = answer.headers.has("X-Refusal-Told");
    return isTold ? new Response(answer.body, { status: 200, headers: answer.headers }) : answer;
  }

  // Fetches what is no Request, whose body could be sent only once, until it is not refused any more.
  async function patiently(address, options) {
    const who = (number += 1);
    const isThere = String(address).endsWith(CALLBACK) ? sayIfLong(who) : () => {};
    try {
      for (;;) {
        const answer = asTold(await once(address, options));
        const rest = restOf(answer);
        if (!rest || address instanceof Request) return answer;
        sayBusy(who, true);
        await new Promise((done) => setTimeout(done, rest));
      }
    } finally {
      isThere();
      sayBusy(who, false);
    }
  }

  window.fetch = patiently;
  root.cnn = { ...root.cnn, sayBusy, sayIfLong, restOf };
})();
