// Rows of pictures of the data set: each is a button that makes it the picture on the screen.
(function () {
  const root = window.dash_clientside;

  function make(tag, children, properties = {}) {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  }

  const rowsOfPictures = (rows) => rows.map(({ title, note, items }) => make("section", [
    make("h3", [title]),
    make("p", [note]),
    make("div", items.map(picture), { className: "top-pictures" }),
  ], { className: "top-row" }));

  // The picture with the part that the channel sees in a frame, and that part enlarged.
  function picture({ index, name, value, label, whole, part, box }) {
    const seen = make("span", [image(whole), ...(box ? [frame(box)] : [])], { className: "top-whole" });
    const words = make("span", [make("b", [value]), label && ` · ${label}`], { className: "top-words" });
    const button = make("button", [seen, ...(part ? [image(part, "top-part")] : []), words], {
      type: "button", className: "top-picture", title: name,
    });
    button.dataset.index = String(index);
    button.setAttribute("aria-label", name);
    return button;
  }

  const image = (src, className = "") => make("img", [], { src, className, alt: "" });

  function frame([left, top, width, height]) {
    const element = make("span", [], { className: "top-frame" });
    for (const [side, share] of Object.entries({ left, top, width, height })) element.style[side] = `${share}%`;
    return element;
  }

  // The picture that is on the screen is the current one.
  function markPicture(box, view) {
    const isSample = view && !view.pixels && !view.upload;
    for (const button of box.querySelectorAll("[data-index]")) {
      if (isSample && button.dataset.index === String(view.index || 0)) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
  }

  const showSample = (index) => root.cnn.changeView({ index, pixels: null, upload: null });

  root.cnn = { ...root.cnn, rowsOfPictures, markPicture, showSample };
})();
