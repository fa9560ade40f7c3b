// A reader's own network: a model file that is chosen or dropped, sent, tried by the server, and shown.
(function () {
  const root = window.dash_clientside;
  const SILENCE = "The file could not be sent: check the connection and try again.";
  const NO_ANSWER = "The server's answer cannot be read: try again.";
  let sending;
  root.cnn.atStart(() => {
    if (sending) sending.abort();
    sending = null;
    show();
  });

  function box() {
    return document.querySelector(".opening");
  }

  // Whether a file is a model that may be sent to this server.
  function takesModel({ name }) {
    const place = box();
    return Boolean(place) && place.dataset.kinds.split(",").some((kind) => name.toLowerCase().endsWith(kind));
  }

  const isCard = ({ name }) => name.toLowerCase().endsWith(".json");

  // Opens the model among files that were chosen together, with its card if that is another.
  function openModels(files) {
    const model = files.find((file) => !isCard(file));
    if (model) openModel(model, files.find(isCard));
    else say(`${files[0].name} is a card: choose the model's file together with it.`, "problem");
  }

  function openModel(file, card) {
    const { most, limit, kinds } = box().dataset;
    box().closest("details").open = true;
    if (sending) sending.abort();
    if (!takesModel(file)) {
      say(`${file.name} is no Keras model: choose a file that ends in ${kinds.replaceAll(",", " or ")}.`, "problem");
    } else if (file.size > Number(most)) {
      say(`${file.name} has ${megabytes(file.size)} MB: ${limit}`, "problem");
    } else {
      send(file, card);
    }
  }

  // Rounded up: what is too large by a byte has more than the limit.
  const megabytes = (bytes) => (Math.ceil(bytes / 1e5) / 10).toFixed(1);

  function send(file, card) {
    const request = new XMLHttpRequest();
    const query = new URLSearchParams({ ...root.cnn.currentView(), name: file.name });
    if (card) query.set("card", String(card.size));
    const [bar, line] = [document.createElement("progress"), sentence("", "hint")];
    bar.setAttribute("aria-label", "Sent");
    line.setAttribute("role", "status");
    const progress = (loaded, total) => {
      [bar.max, bar.value] = [total || 1, loaded];
      line.textContent = `Sending ${file.name}: ${megabytes(loaded)} of ${megabytes(total)} MB`;
    };
    const cancel = button("Cancel", () => {
      request.abort();
      show();
    });
    sending = request;
    request.upload.addEventListener("progress", ({ loaded, total }) => progress(loaded, total));
    request.upload.addEventListener("load", () => {
      bar.removeAttribute("value");
      line.textContent = `Trying ${file.name} in a process of its own, which takes a while …`;
    });
    request.addEventListener("load", () => request === sending && answered(file, request));
    request.addEventListener("error", () => request === sending && say(SILENCE, "problem"));
    request.open("POST", `${root.cnn.addressOf("open_model")}?${query}`);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.send(card ? new Blob([card, file]) : file);
    progress(0, file.size);
    show(bar, line, cancel);
  }

  function answered(file, request) {
    sending = null;
    const { model, options, problem = NO_ANSWER } = read(request.responseText);
    if (!model) {
      say(problem, "problem");
      return;
    }
    say(`${file.name} is open.`, "hint");
    root.set_props("model", { options });
    root.cnn.changeView({ model });
  }

  function read(text) {
    try {
      return JSON.parse(text);
    } catch {
      return {};
    }
  }

  function say(text, kind) {
    const line = sentence(text, kind);
    line.setAttribute("role", kind === "problem" ? "alert" : "status");
    show(line);
  }

  function sentence(text, kind) {
    const line = document.createElement("p");
    line.className = kind;
    line.textContent = text;
    return line;
  }

  function button(text, act) {
    const made = document.createElement("button");
    Object.assign(made, { type: "button", className: "btn btn-sm btn-outline-primary", textContent: text });
    made.addEventListener("click", act);
    return made;
  }

  function show(...parts) {
    const place = document.getElementById("opening");
    if (!place) return;
    place.hidden = !parts.length;
    place.replaceChildren(...parts);
  }

  document.addEventListener("click", ({ target }) => {
    if (!target.closest("#open-model")) return;
    const input = document.createElement("input");
    Object.assign(input, { type: "file", multiple: true, accept: `${box().dataset.kinds},.json` });
    input.addEventListener("change", () => input.files[0] && openModels([...input.files]));
    input.click();
  });

  document.addEventListener("change", ({ target }) => target.matches("#model") && show());

  root.cnn = { ...root.cnn, megabytes, takesModel, openModels };
})();
