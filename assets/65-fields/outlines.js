// Outlines over figures, pictures and thumbnails: a drawing of its own, so that nothing below it is drawn anew.
(function () {
  const root = window.dash_clientside;
  const SVG = "http://www.w3.org/2000/svg";

  // What draws over the parent: `show` takes the shapes, the place of the drawing in pixels from the corner of
  // the parent, and the part of its own numbers that the place shows, as [x, y, width, height]. Shapes that
  // stand apart are given apart: of one that changes, all within its bounds is drawn anew.
  function outlines(parent) {
    const drawing = document.createElementNS(SVG, "svg");
    drawing.setAttribute("class", "field");
    drawing.setAttribute("aria-hidden", "true");
    drawing.setAttribute("preserveAspectRatio", "none");
    const drawn = [];
    let placed = "";

    function show(shapes, place) {
      if (!drawing.isConnected) parent.append(drawing);
      while (drawn.length < shapes.length) drawn.push(outline(drawing));
      drawn.forEach((one, i) => reshape(one, shapes[i] || ""));
      if (!place) return;
      const { view, ...pixels } = place;
      const now = JSON.stringify(place);
      if (now === placed) return;
      placed = now;
      drawing.setAttribute("viewBox", view.join(" "));
      for (const [name, value] of Object.entries(pixels)) drawing.style[name] = value + "px";
    }

    return { show };
  }

  function outline(drawing) {
    const paths = ["field-light", "field-dark"].map((name) => {
      const path = document.createElementNS(SVG, "path");
      path.setAttribute("class", name);
      return path;
    });
    drawing.append(...paths);
    return { paths, known: "" };
  }

  function reshape(one, shape) {
    if (shape === one.known) return;
    for (const path of one.paths) path.setAttribute("d", shape);
    one.known = shape;
  }

  function rectangle(x, y, width, height) {
    return `M${x},${y}h${width}v${height}h${-width}z`;
  }

  root.cnn = { ...root.cnn, outlines, rectangle };
})();
