// Number fields. What is typed and cannot be is refused beside the field; the view, and the field when
// it is left, keep the last number that could. They are built here: a Dash input answers NaN.
(function () {
  const root = window.dash_clientside;

  // What the view says a field shows, by the part of the view that it stands for.
  const NUMBER_OF = {
    index: (view) => view.index,
    channel: (view, box) => view.channel || box.dataset.now || "0",
    depth: (view, box) => view.depth || box.dataset.now || "0",
    row: (view, box) => view.row || box.dataset.now || "0",
    column: (view, box) => view.column || box.dataset.now || "0",
    source: (view, box) => view.source || box.dataset.now || "0",
    step: (view, box) => view.step || box.dataset.now || "0",
    options: (view, box) => root.cnn.optionOf(view, box.id) ?? box.dataset.first,
    rate: (view, box) => box.dataset.good || root.cnn.lastRate(view) || box.dataset.first,
  };

  function showNumber(view, identity) {
    const box = document.getElementById(identity);
    if (!view || !box || root.cnn.isBehind(view)) return root.no_update;
    const field = box.querySelector("input") || build(box, identity);
    const good = String(NUMBER_OF[box.dataset.part](view, box));
    if (document.activeElement !== field || Number(field.value) !== Number(good)) {
      field.value = good;
      accept(box);
    }
    return good;
  }

  function build(box, identity) {
    const [label, field, message] = ["label", "input", "p"].map((tag) => document.createElement(tag));
    const { label: name, least, step } = box.dataset;
    Object.assign(label, { htmlFor: `${identity}-field`, textContent: name });
    Object.assign(field, { id: label.htmlFor, type: "number", min: least, step });
    field.className = "form-control form-control-sm";
    Object.assign(message, { id: `${identity}-refused`, className: "problem" });
    message.setAttribute("role", "alert");
    box.replaceChildren(label, field, message);
    field.addEventListener("input", () => typed(box, field, box.dataset.waits === undefined));
    field.addEventListener("change", () => typed(box, field, true));
    field.addEventListener("blur", () => leave(box, field));
    return field;
  }

  async function typed(box, field, writes) {
    const given = field.value;
    const allowed = await limits(box);
    if (field.value !== given) return;
    if (!fits(field, allowed)) {
      refuse(box, field, allowed);
      return;
    }
    accept(box);
    if (box.dataset.part === "rate") box.dataset.good = given;
    else if (writes) root.cnn.changeView(written(box, given));
  }

  function written({ id, dataset: { part, first } }, given) {
    if (part !== "options") return { [part]: Number(given) };
    const isDefault = Number(given) === Number(first);
    return root.cnn.withOption(root.cnn.currentView(), id, isDefault ? null : String(Number(given)));
  }

  // A refused number goes when the field is left; why it was refused stays until another is typed. One
  // that a button is about to use stays, for the button must not use another.
  async function leave(box, field) {
    if (box.dataset.part === "rate") return;
    const given = field.value;
    const isRefused = !fits(field, await limits(box));
    if (!isRefused || field.value !== given) return;
    field.value = box.dataset.good;
    field.classList.remove("is-invalid");
    field.removeAttribute("aria-invalid");
  }

  async function limits({ dataset }) {
    const { part, least, most, step } = dataset;
    const view = root.cnn.currentView();
    const count = part === "index" ? (await root.cnn.labelsOf(view)).length : 0;
    return {
      isWhole: step === "1",
      isAbove: dataset.above !== undefined,
      least: Number(least),
      most: part === "index" ? count - 1 || Infinity : Number(most ?? Infinity),
    };
  }

  function fits(field, { isWhole, isAbove, least, most }) {
    const number = Number(field.value);
    if (field.value === "" || !Number.isFinite(number)) return false;
    if (isWhole && !Number.isInteger(number)) return false;
    return number <= most && (isAbove ? number > least : number >= least);
  }

  function refuse(box, field, { isWhole, isAbove, least, most }) {
    const came = field.value === "" ? "No number was given" : `${field.value} was given`;
    const kind = isWhole ? "a whole number" : "a number";
    const range = isAbove
      ? `above ${least} and at most ${most}`
      : Number.isFinite(most) ? `from ${least} to ${most.toLocaleString("en")}` : `from ${least}`;
    const message = box.lastChild;
    message.textContent = `${came}: give ${kind} ${range}. ${box.dataset.good} stays.`;
    field.classList.add("is-invalid");
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-describedby", message.id);
  }

  function accept(box) {
    const field = box.querySelector("input");
    box.lastChild.textContent = "";
    field.classList.remove("is-invalid");
    field.removeAttribute("aria-invalid");
    field.removeAttribute("aria-describedby");
  }

  // The number of a field that writes no part of the view; nothing where it is refused.
  async function numberOf(identity) {
    const box = document.getElementById(identity);
    const field = box.querySelector("input");
    const allowed = await limits(box);
    if (fits(field, allowed)) return Number(field.value);
    refuse(box, field, allowed);
    field.focus();
    return null;
  }

  root.cnn = { ...root.cnn, showNumber, numberOf };
})();
