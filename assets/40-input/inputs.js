// What a network takes beside its picture: numbers in fields, and pictures of the data set.
(function () {
  const root = window.dash_clientside;
  // More numbers than that share one field.
  const MOST_FIELDS = 8;

  function paintInputs(inputs) {
    const place = document.getElementById("further-inputs");
    if (!place) return;
    const key = JSON.stringify(inputs.map(({ name, numbers }) => [name, numbers && numbers.length]));
    if (place.dataset.key !== key) place.replaceChildren(...inputs.map(build));
    place.dataset.key = key;
    inputs.forEach((one, i) => fill(place.children[i], one));
  }

  function element(tag, settings = {}, ...inside) {
    const made = Object.assign(document.createElement(tag), settings);
    made.append(...inside);
    return made;
  }

  function build(one, i) {
    const box = element("fieldset", { className: "further-input" }, element("legend", { textContent: one.name }));
    box.append(...(one.numbers ? fieldsFor(one, i) : pictureFor(one)));
    return box;
  }

  function fieldsFor({ name, numbers, most }, i) {
    const count = numbers.length;
    const source = element("p", { className: "hint further-source" });
    if (count > most) return [element("p", { className: "hint", textContent: count.toLocaleString("en") + " numbers" }), source];
    const labels = count > MOST_FIELDS ? [told(count)]
      : numbers.map((_, n) => (count === 1 ? name : name + " " + (n + 1)));
    const fields = labels.map((label, n) => {
      const id = `further-${i}-${n}`;
      const field = element("input", { id, type: "text", className: "form-control form-control-sm", autocomplete: "off" });
      field.inputMode = count > MOST_FIELDS ? "text" : "decimal";
      field.addEventListener("change", () => take(field.closest("fieldset")));
      // The frame around a single number has its name already.
      const named = element("span", { className: count === 1 ? "visually-hidden" : "" }, label);
      return element("label", { htmlFor: id, className: "small" }, named, field);
    });
    const problem = element("p", { className: "problem" });
    problem.setAttribute("role", "alert");
    return [element("div", { className: "further-numbers" }, ...fields), source, backFor("given"), problem];
  }

  // The button that takes back what the reader gave.
  function backFor(part) {
    const back = element("button", { type: "button", className: "btn btn-sm btn-outline-primary further-back" });
    back.addEventListener("click", () => give(part, back.closest("fieldset"), null));
    return back;
  }

  function fillBack(back, one) {
    if (!back) return;
    Object.assign(back, { hidden: !one.back, textContent: one.back });
    back.setAttribute("aria-label", one.back + (one.numbers ? " numbers for " : " picture for ") + one.name);
  }

  function sourceOf({ isOfFile, numbers, most }) {
    if (isOfFile) return "of this picture, from its file";
    return numbers.length > most ? "from the model's card" : "";
  }

  const told = (count) => count.toLocaleString("en") + " numbers, separated by commas";

  function pictureFor({ name }) {
    const text = element("span", { className: "further-text" });
    const other = element("button", { type: "button", className: "btn btn-sm btn-outline-primary" }, "Another");
    other.setAttribute("aria-label", "Another picture for " + name);
    other.addEventListener("click", () => another(other.closest("fieldset")));
    return [element("img", { className: "further-picture", alt: "" }), text, other, backFor("also")];
  }

  function fill(box, one) {
    Object.assign(box.dataset, { place: one.place, of: one.of, index: one.index });
    fillBack(box.querySelector(".further-back"), one);
    if (one.numbers) {
      box.querySelector(".further-source").textContent = sourceOf(one);
      const fields = [...box.querySelectorAll("input")];
      const values = fields.length === 1 ? [one.numbers.join(", ")] : one.numbers;
      fields.forEach((field, n) => field === document.activeElement || (field.value = values[n]));
      box.dataset.count = one.numbers.length;
      return;
    }
    const image = box.querySelector("img");
    Object.assign(image, { hidden: !one.src, src: one.src || "data:,", alt: one.src ? one.name + ": " + one.text : "" });
    box.querySelector(".further-text").textContent = one.text;
  }

  function take(box) {
    const count = Number(box.dataset.count);
    const texts = [...box.querySelectorAll("input")].flatMap(({ value }) => value.split(","));
    const numbers = texts.map((text) => (text.trim() ? Number(text) : NaN));
    const wrong = numbers.findIndex((one) => !Number.isFinite(one) || Math.abs(one) >= 1e9);
    const expected = "Expected " + (count === 1 ? "a number" : told(count)) + ", such as 0.5";
    let problem = "";
    if (wrong >= 0) problem = `${expected}: “${texts[wrong].trim().slice(0, 20)}” is none.`;
    else if (numbers.length !== count) problem = `${expected}: ${numbers.length} came.`;
    box.querySelector(".problem").textContent = problem;
    if (!problem) give("given", box, numbers.map((one) => String(Number(one.toFixed(9)))).join(","));
  }

  async function another(box) {
    const { of, index } = box.dataset;
    const places = [...Array(Number(of)).keys()].filter((place) => String(place) !== index);
    const found = await root.cnn.readableAmong(root.cnn.currentView(), places);
    if (found === null) root.cnn.tellOfNoOther(places.length, undefined, true);
    else give("also", box, found);
  }

  // The part of the view has what each input is given, by its place.
  function give(part, { dataset }, value) {
    const entries = (root.cnn.currentView()[part] || "").split(";").filter(Boolean);
    const given = new Map(entries.map((entry) => [entry.split(":")[0], entry.split(":")[1]]));
    if (value === null) given.delete(dataset.place);
    else given.set(dataset.place, value);
    const text = [...given].map(([place, one]) => place + ":" + one).join(";");
    root.cnn.changeView({ [part]: text || null });
  }

  root.cnn = { ...root.cnn, paintInputs };
})();
