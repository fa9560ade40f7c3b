// Options of methods in the view: "smoothgrad.samples:32;occlusion.fill:blur". Those at their
// defaults are no part of it.
(function () {
  const root = window.dash_clientside;
  const PREFIX = /^[a-z]+-option-/;

  function read(view) {
    const entries = (view?.options || "").split(";").filter(Boolean).map((entry) => entry.split(":"));
    return new Map(entries.map(([key, quoted]) => [key, decodeURIComponent(quoted)]));
  }

  // The control of an option is named after it.
  const keyOf = (identity) => identity.replace(PREFIX, "").replace("-", ".");
  const optionOf = (view, identity) => read(view).get(keyOf(identity));

  // What is another in the view with the option; a value of null is the default.
  function withOption(view, identity, value) {
    const options = read(view);
    if (value === null) options.delete(keyOf(identity));
    else options.set(keyOf(identity), value);
    const text = [...options].map(([key, one]) => `${key}:${encodeURIComponent(one)}`).join(";");
    return { options: text || null };
  }

  root.cnn = { ...root.cnn, optionOf, withOption };
})();
