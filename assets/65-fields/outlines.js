// Outlines over figures, pictures and thumbnails: a drawing of its own, so that nothing below it is drawn anew.
(function () {
  const root = window.dash_clientside;
  const SVG = "http://www.w3.org/2000/svg";

  // What draws over the parent: `show` takes the shape, the place of the drawing in pixels from the corner of
  // the parent, and the part of its own numbers that the place shows, as [x, y, width, height].
  function outlines(parent) {
    const drawing = document.createElementNS(SVG, "svg");
    drawing.setAttribute("class", "field");
    drawing.setAttribute("aria-hidden", "true");
    drawing.setAttribute("preserveAspectRatio", "none");
    const paths = ["field-light", "field-dark"].map((name) => {
      const path = document.createElementNS(SVG, "path");
      path.setAttribute("class", name);
      drawing.append(path);
      return path;
    });
    let known = "", placed = "";

    function show(shape, place) {
      if (!drawing.isConnected) parent.append(drawing);
      if (shape !== known) for (const path of paths) path.setAttribute("d", shape);
      known = shape;
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

  function rectangle(x, y, width, height) {
    return `M${x},${y}h${width}v${height}h${-width}z`;
  }

  root.cnn = { ...root.cnn, outlines, rectangle };
})();
