// Layers that give NaN or infinity for this picture: a switch in the panel leaves only these in lists of layers.
(function () {
  const root = window.dash_clientside;
  const LINKS = ".layer-tabs:not(#layers-parts) a.nav-link, #layer-table tbody a";

  let broken;
  root.cnn.atStart(() => (broken = []));

  function tellBroken(names) {
    const place = document.getElementById("prediction-broken");
    if (!place || names.join("\n") === broken.join("\n")) return;
    broken = names;
    place.hidden = !names.length;
    const label = place.querySelector("label") || build(place);
    label.textContent = `Only the ${names.length} ${names.length === 1 ? "layer" : "layers"} with NaN or infinity`;
    filterBroken();
  }

  function build(place) {
    const [field, label] = [document.createElement("input"), document.createElement("label")];
    Object.assign(field, { type: "checkbox", id: "broken-only", className: "form-check-input" });
    Object.assign(label, { htmlFor: field.id, className: "form-check-label" });
    field.addEventListener("change", () => root.cnn.changeView({ broken: field.checked ? "1" : null }));
    place.append(field, label);
    return label;
  }

  // The layer of the page stays in its list.
  function filterBroken() {
    const view = root.cnn.currentView();
    const isOn = Boolean(view && view.broken && broken.length);
    const field = /** @type {HTMLInputElement} */ (document.getElementById("broken-only"));
    if (field) field.checked = isOn;
    const links = /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll(LINKS));
    for (const link of links) {
      const isHere = link.getAttribute("aria-current") === "page";
      (link.closest("tr") || link).classList.toggle("filtered", isOn && !isHere && !broken.includes(link.title));
    }
  }

  root.cnn = { ...root.cnn, tellBroken, filterBroken };
})();
