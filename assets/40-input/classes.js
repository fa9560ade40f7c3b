// The choice of a class: buttons where the classes are the ten digits, else a list of their names. Of
// pictures without labels there is none.
(function () {
  const root = window.dash_clientside;
  const DIGITS = "0,1,2,3,4,5,6,7,8,9";
  let known, shown;
  root.cnn.atStart(() => [known, shown] = [{}, ""]);

  // The names of the classes of a data set, asked for once; null where it is not here.
  function classesOf(data) {
    known[data] = known[data] || ask(root.cnn.addressOf("classes", { data }));
    return known[data];
  }

  async function ask(address) {
    const answer = await fetch(address);
    return answer.ok ? answer.json() : null;
  }

  async function showClasses(view) {
    const place = document.getElementById("class-choice");
    if (!view || !place) return;
    const names = await classesOf(view.data);
    if (root.cnn.currentView().data !== view.data) return;
    const areDigits = !names || String(names) === DIGITS;
    document.querySelector(".digits").hidden = !areDigits;
    place.hidden = areDigits || !names.length;
    if (place.hidden) return;
    const select = place.querySelector("select") || build(place);
    if (shown !== view.data) {
      select.replaceChildren(new Option("none", ""), ...names.map((name, i) => new Option(name, i)));
      select.options[0].hidden = true;
      shown = view.data;
    }
    select.value = await classOf(view);
  }

  function build(place) {
    const label = document.createElement("label");
    const select = document.createElement("select");
    select.className = "form-select form-select-sm";
    select.addEventListener("change", () => root.cnn.pickOf(Number(select.value)));
    label.append("Class", select);
    place.append(label);
    return select;
  }

  async function classOf(view) {
    if (view.pixels || view.upload) return "";
    return String((await root.cnn.labelsOf(view))[Number(view.index)] ?? "");
  }

  root.cnn = { ...root.cnn, classesOf, showClasses };
})();
