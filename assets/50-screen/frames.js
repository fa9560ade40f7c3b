// Frames around cells, painted over a figure in its geometry.
(function () {
  const root = window.dash_clientside;

  function paintFrames(plot, canvas, shapes) {
    const [context, { x, y }] = [overWhole(plot, canvas), root.cnn.plotly.axesOf(plot)];
    for (const { x0, x1, y0, y1, line } of shapes) {
      Object.assign(context, { strokeStyle: line.color, lineWidth: line.width });
      context.strokeRect(x.place(x0), y.place(y0), x.place(x1) - x.place(x0), y.place(y1) - y.place(y0));
    }
  }

  // The context of a canvas that lies over a whole figure.
  function overWhole(plot, canvas) {
    const { width, height } = plot.getBoundingClientRect();
    Object.assign(canvas.style, { left: 0, top: 0 });
    return root.cnn.scaled(canvas, width, height);
  }

  root.cnn = { ...root.cnn, paintFrames, overWhole };
})();
