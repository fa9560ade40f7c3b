// Requests for values from a thread of their own: none waits for a frame of the page.
(function () {
  const root = window.dash_clientside;

  // What runs there. Requests are { number, address, body }; of those that wait only the newest is sent.
  // Two are under way at a time while answers are quick: the server has work while one is on its way.
  // `ahead` is an address that will be asked for if the reader goes on: when nothing waits, its answer is
  // fetched and kept, until the next request.
  // Answers are { number } with the values or with a refusal; with `isBusy` it was refused, and is sent again.
  function work(unpack, restOf) {
    const QUICK_MILLISECONDS = 40;
    const RETRY_MILLISECONDS = 500;
    let newest = 0;
    let waiting = null;
    let underWay = 0;
    let isQuick = false;
    let kept = null;

    self.onmessage = ({ data }) => {
      if (data.number < newest) return;
      newest = data.number;
      waiting = data;
      sendNext();
    };

    function sendNext() {
      if (waiting && underWay < (isQuick ? 2 : 1)) send(waiting);
    }

    async function send(one) {
      waiting = null;
      underWay += 1;
      const began = performance.now();
      const { buffer, ...answer } = await ask(one);
      isQuick = performance.now() - began < QUICK_MILLISECONDS;
      underWay -= 1;
      sendNext();
      const moved = buffer ? [buffer] : [];
      self.postMessage({ number: one.number, ...answer }, { transfer: moved });
      if (!underWay && one.ahead) kept = { address: one.ahead, answer: foresee(one.ahead) };
    }

    async function ask(one) {
      const foreseen = kept;
      kept = null;
      const known = foreseen?.address === one.address && (await foreseen.answer);
      if (known) return known;
      try {
        const got = await fetch(one.address, one.body ? { method: "POST", body: one.body } : {});
        if (got.status === 503) return await later(one, got);
        return got.ok ? await valuesOf(got) : { refusal: await got.text() };
      } catch {
        return { refusal: "The server does not answer: the picture is kept here; check the connection and go on." };
      }
    }

    // Nothing where the server has no values: it is asked again, and says why.
    async function foresee(address) {
      try {
        const got = await fetch(address);
        return got.ok ? await valuesOf(got) : null;
      } catch {
        return null;
      }
    }

    async function valuesOf(got) {
      const buffer = await got.arrayBuffer();
      return { buffer, values: unpack(buffer) };
    }

    // The server starts, or it has too much to do: then it says so, and when to ask again.
    async function later(one, answer) {
      const milliseconds = restOf(answer);
      if (milliseconds) self.postMessage({ number: one.number, isBusy: true });
      await new Promise((rest) => setTimeout(rest, milliseconds || RETRY_MILLISECONDS));
      waiting = waiting || one;
      return {};
    }
  }

  // Returns the function that sends a request; `heard` gets each answer.
  function messenger(heard) {
    const code = `(${work})(${root.cnn.unpack}, ${root.cnn.restOf});`;
    const worker = new Worker(URL.createObjectURL(new Blob([code], { type: "text/javascript" })));
    worker.onmessage = ({ data }) => heard(data);
    return ({ number, address, body, ahead }) => {
      const [here, there] = [address, ahead].map((path) => path && location.origin + path);
      worker.postMessage({ number, address: here, body, ahead: there });
    };
  }

  root.cnn = { ...root.cnn, messenger };
})();
