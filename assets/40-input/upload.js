// Pictures from the reader's machine: chosen, dropped or pasted; and the way each was prepared.
(function () {
  const root = window.dash_clientside;
  let centred, upload, model, way;
  root.cnn.atStart(() => {
    [centred, upload, model, way] = [true, "", "", []];
    if (!area()) return;
    area().replaceChildren();
    area().hidden = true;
  });

  function area() {
    return document.getElementById("uploading");
  }

  function say(sentence, kind) {
    const line = document.createElement("p");
    line.className = kind;
    if (kind === "problem") line.setAttribute("role", "alert");
    line.textContent = sentence;
    area().hidden = false;
    area().replaceChildren(line);
    upload = "";
  }

  async function receive(file) {
    const view = root.cnn.currentView();
    if (!view) return;
    const { most, limit } = area().dataset;
    if (file.size > Number(most)) {
      say(`${file.name} has ${root.cnn.megabytes(file.size)} MB: ${limit}`, "problem");
      return;
    }
    say(`Reading ${file.name} …`, "hint");
    const kept = await ask(root.cnn.addressOf("upload"), { method: "POST", body: file });
    const ready = kept && (await ask(preparation(kept.upload, { model: view.model })));
    if (!ready) return;
    model = view.model;
    root.cnn.changeView({ upload: kept.upload, pixels: ready.pixels || null, erased: null });
    steps(ready.steps, kept.notes);
    upload = kept.upload;
  }

  // The answer, or nothing where the server refused: then its reason is shown.
  async function ask(address, options) {
    try {
      const got = await fetch(address, options);
      const answer = await got.json();
      if (got.ok) return answer;
      say(answer.problem, "problem");
    } catch {
      say("The picture could not be sent: check the connection and try again.", "problem");
    }
    return null;
  }

  function preparation(key, view) {
    const centre = centred ? "on" : "off";
    const part = view.part && centred ? { part: view.part } : {};
    const query = new URLSearchParams({ model: view.model, centre, ...part });
    return `${root.cnn.addressOf("prepare_upload", { key })}?${query}`;
  }

  function listOf(all) {
    const list = document.createElement("ol");
    list.className = "steps";
    for (const { name, sentence, src, boxes } of all) {
      if (boxes.length) continue;
      const item = document.createElement("li");
      const image = document.createElement("img");
      Object.assign(image, { src, alt: "" });
      const text = document.createElement("p");
      const head = document.createElement("strong");
      head.textContent = name + " ";
      text.append(head, sentence);
      item.append(image, text);
      list.append(item);
    }
    return list;
  }

  // The steps at their full size, where the page "Perturb" is open.
  function showWay() {
    const place = document.getElementById("upload-way");
    if (!place) return;
    const title = document.createElement("h2");
    title.textContent = "How the upload was prepared";
    place.replaceChildren(...(way.length ? [title, listOf(way)] : []));
  }

  function steps(all, notes = []) {
    const { check } = root.cnn.parts;
    way = all;
    showWay();
    const list = listOf(all);
    const details = document.createElement("details");
    const summary = document.createElement("summary");
    summary.textContent = `How it was prepared: ${list.children.length} steps`;
    details.append(summary, list);
    details.open = Boolean(area().querySelector("details[open]"));
    const line = document.createElement("p");
    line.className = "hint";
    line.textContent = notes.join("; ");
    const centre = check("Find and centre the digit as MNIST does", centred, async (on) => {
      centred = on;
      await prepareAgain(root.cnn.currentView());
    });
    const several = all.filter(({ boxes }) => boxes.length).map(choice);
    area().hidden = false;
    area().replaceChildren(centre, ...(notes.length ? [line] : []), ...several, details);
  }

  // Of several digits one is taken: the picture with a button over each.
  function choice({ sentence, src, boxes, taken }) {
    const group = document.createElement("div");
    group.className = "several";
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", "Digits found");
    const image = document.createElement("img");
    Object.assign(image, { src, alt: "" });
    const buttons = boxes.map(([top, left, bottom, right], i) => {
      const button = document.createElement("button");
      const name = `Digit ${i + 1} of ${boxes.length}`;
      Object.assign(button, { type: "button", title: `Take digit ${i + 1} from the left` });
      button.setAttribute("aria-label", name);
      button.setAttribute("aria-pressed", String(i === taken));
      const places = { top, left, height: bottom - top, width: right - left };
      for (const [side, share] of Object.entries(places)) button.style[side] = `${100 * share}%`;
      button.addEventListener("click", () => takePart(i + 1));
      return button;
    });
    const picture = document.createElement("div");
    picture.append(image, ...buttons);
    const text = document.createElement("p");
    text.className = "hint";
    text.textContent = `${sentence} Choose another on the picture.`;
    group.append(text, picture);
    return group;
  }

  async function takePart(part) {
    const view = { ...root.cnn.currentView(), part: String(part) };
    await prepareAgain(view);
    const pressed = area().querySelector('.several [aria-pressed="true"]');
    if (pressed) pressed.focus();
  }

  async function prepareAgain(view) {
    const ready = await ask(preparation(view.upload, view));
    if (!ready) return;
    steps(ready.steps);
    upload = view.upload;
    model = view.model;
    root.cnn.changeView({ pixels: ready.pixels || null, part: view.part || null }, true);
  }

  // A link brings the prepared pixels; the way to them is asked for, where the server still has it.
  async function showUpload(view, ready) {
    if (!view || !area() || ready !== "ready") return;
    if (!view.upload || view.made) {
      if (upload) area().hidden = true;
      upload = "";
      way = [];
      showWay();
      return;
    }
    if (upload === view.upload && model !== view.model) await prepareAgain(view);
    if (upload === view.upload) return;
    upload = view.upload;
    model = view.model;
    const prepared = await ask(preparation(view.upload, view));
    if (prepared) steps(prepared.steps);
  }

  function choose() {
    const input = document.createElement("input");
    Object.assign(input, { type: "file", accept: area().dataset.kinds });
    input.addEventListener("change", () => input.files[0] && receive(input.files[0]));
    input.click();
  }

  function take(files) {
    if (files.some(root.cnn.takesModel)) root.cnn.openModels(files);
    else if (files.length) receive(files[0]);
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest("#upload")) choose();
  });
  document.addEventListener("paste", (event) => {
    take([...event.clipboardData.files]);
  });
  document.addEventListener("dragover", (event) => {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    document.body.classList.add("dropping");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) document.body.classList.remove("dropping");
  });
  document.addEventListener("drop", (event) => {
    document.body.classList.remove("dropping");
    const files = [...event.dataTransfer.files];
    if (!files.length) return;
    event.preventDefault();
    take(files);
  });

  root.cnn = { ...root.cnn, showUpload, showWay };
})();
