// The names of the classes of the network: typed one a line, and kept on its card for all readers.
(function () {
  const root = window.dash_clientside;
  let about;
  root.cnn.atStart(() => {
    about = "";
    show();
  });

  const addressNow = () => root.cnn.addressOf("names") + root.cnn.toQuery(root.cnn.currentView());

  async function open() {
    const address = addressNow();
    about = address;
    const { names, problem } = await root.cnn.ask(address);
    if (about !== address) return;
    if (names) form(names, address);
    else show(line(problem, "problem", "alert"));
  }

  function form(names, address) {
    const { button } = root.cnn.parts;
    const label = document.createElement("label");
    const field = document.createElement("textarea");
    Object.assign(field, { id: "class-names", rows: Math.min(12, names.length + 1), value: names.join("\n") });
    Object.assign(field, { className: "form-control form-control-sm", spellcheck: false });
    label.append("One name a line, in the order of the outputs", field);
    const said = line("", "problem", "alert");
    const keep = button("Keep the names", "For all who look at this network", () => save(field, said, address));
    const row = document.createElement("div");
    row.className = "naming-ends";
    row.append(keep, button("Cancel", "Leave the names as they are", () => show()));
    show(label, said, row);
    field.focus();
  }

  // Every part of the page has the names in it: it is read anew, with the same address.
  async function save(field, said, address) {
    const names = field.value.replace(/\s+$/, "").split("\n").map((name) => name.trim());
    const { problem } = await root.cnn.ask(address, { names });
    if (problem) said.textContent = problem;
    else window.location.reload();
  }

  function line(text, className, role) {
    const made = document.createElement("p");
    Object.assign(made, { className, textContent: text });
    made.setAttribute("role", role);
    return made;
  }

  function show(...parts) {
    const place = document.getElementById("naming");
    if (!place) return;
    place.hidden = !parts.length;
    place.replaceChildren(...parts);
  }

  document.addEventListener("click", ({ target }) => target.closest("#name-classes") && open());
  document.addEventListener("change", ({ target }) => target.matches("#model, #output") && show());
})();
