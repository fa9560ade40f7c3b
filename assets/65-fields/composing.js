// Receptive and projective fields, composed of what each layer reads (`cnn/models/field_table.py`). A field
// is, for each layer, which places along each axis it has, and which channels; in the box of those all cells
// are part of it, unless it is said to have holes, and all channels of each, unless they are said to be mixed.
(function () {
  const root = window.dash_clientside;

  const product = (numbers) => numbers.reduce((a, b) => a * b, 1);

  // The sides of the cells of a layer: without its channels, or its units.
  function sidesOf({ shape }) {
    return shape.length > 1 ? shape.slice(0, -1) : shape;
  }

  // How many channels a layer has, or numbers of a vector.
  const depthOf = ({ shape }) => shape[shape.length - 1] ?? 1;
  const isVector = ({ shape }) => shape.length === 1;

  const ones = (count) => new Uint8Array(count).fill(1);
  const none = (sides) => sides.map((side) => new Uint8Array(side));
  const all = (sides) => sides.map(ones);

  function count(axis) {
    let sum = 0;
    for (let i = 0; i < axis.length; i++) sum += axis[i];
    return sum;
  }

  const isEmpty = (axes) => axes.some((axis) => !axis.includes(1));
  const isFull = ({ axes, hasHoles }) => !hasHoles && axes.every((axis) => !axis.includes(0));

  // ---- Along an axis.

  function readAlong(axis, marks, size) {
    const { places, start, stride, apart, count: most } = axis;
    const found = new Uint8Array(size);
    for (let i = marks.indexOf(1), last = marks.lastIndexOf(1); i <= last; i++) {
      if (!marks[i]) continue;
      if (places) for (const place of places[i]) found[place] = 1;
      for (let k = 0, place = start + stride * i; k < most; k++, place += apart) {
        if (place >= 0 && place < size) found[place] = 1;
      }
      if (stride === 0) break;
    }
    return found;
  }

  function reachAlong(axis, marks, size) {
    const { places, start, stride, apart, count: most } = axis;
    const found = new Uint8Array(size);
    for (let i = 0; i < size; i++) {
      if (places && places[i].some((place) => marks[place])) found[i] = 1;
      for (let k = 0, place = start + stride * i; k < most && !found[i]; k++, place += apart) {
        if (place >= 0 && place < marks.length) found[i] = marks[place];
      }
    }
    return found;
  }

  // ---- Of numbers that are moved: the terms of a place in the layer add up to the number of the source.

  function moved(read, source, layer, { axes, channels, hasHoles, isMixed: wasMixed }, isBack) {
    const [from, to] = isBack ? [layer, source] : [source, layer];
    const marks = isVector(from) ? axes : [...axes, channels];
    const [ends, endDepth] = [sidesOf(to), isVector(to) ? 1 : depthOf(to)];
    const [marked, endChannels] = [new Uint8Array(product(ends)), new Uint8Array(endDepth)];
    const isFound = new Uint8Array(product(to.shape));
    let found = 0;
    const mark = (number) => {
      if (isFound[number]) return;
      isFound[number] = marked[Math.floor(number / endDepth)] = endChannels[number % endDepth] = 1;
      found += 1;
    };
    if (isBack) eachOrigin(read.terms, layer.shape, marks, (_, origin) => mark(origin));
    else {
      const isMeant = numbersIn(marks);
      eachOrigin(read.terms, layer.shape, null, (number, origin) => isMeant[origin] && mark(number));
    }
    const isMixed = wasMixed || hasHoles || found < count(marked) * count(endChannels);
    return { ...projected(marked, ends, hasHoles), channels: isVector(to) ? marked : endChannels, isMixed };
  }

  // Which numbers are in the box of marks along each axis.
  function numbersIn(marks) {
    let found = ones(1);
    for (const axis of marks) {
      const next = new Uint8Array(found.length * axis.length);
      for (let i = found.indexOf(1); i >= 0; i = found.indexOf(1, i + 1)) next.set(axis, i * axis.length);
      found = next;
    }
    return found;
  }

  // Calls `visit` with each number of the layer, of those in the box of marks if there are some, and the number
  // of the source that it is.
  function eachOrigin(terms, shape, marks, visit) {
    const last = shape.length - 1;
    const walk = (axis, number, origin) => {
      const { places, start, stride } = terms[axis];
      for (let i = 0; i < shape[axis]; i++) {
        if (marks && !marks[axis][i]) continue;
        if (places && places[i] === null) continue;
        const [here, from] = [number * shape[axis] + i, origin + (places ? places[i] : start + stride * i)];
        if (axis === last) visit(here, from);
        else walk(axis + 1, here, from);
      }
    };
    walk(0, 0, 0);
  }

  function projected(marked, sides, hadHoles) {
    const axes = none(sides);
    for (let found = marked.indexOf(1); found >= 0; found = marked.indexOf(1, found + 1)) {
      for (let axis = sides.length - 1, cell = found; axis >= 0; axis--) {
        axes[axis][cell % sides[axis]] = 1;
        cell = Math.floor(cell / sides[axis]);
      }
    }
    return { axes, hasHoles: hadHoles || count(marked) < product(axes.map(count)) };
  }

  // ---- Of channels: each reads those of its group, or they are read as an axis is.

  function channelsOf(channels, source, layer, marked, isBack) {
    const { first, count: width, groups } = channels;
    if (!groups) return isBack ? readAlong(channels, marked, depthOf(source)) : reachAlong(channels, marked, depthOf(layer));
    const [before, after] = [{ start: 0, count: depthOf(source) }, { start: first, count: width }];
    const [from, to] = isBack ? [after, before] : [before, after];
    const [wide, toWide] = [from.count / groups, to.count / groups];
    const found = new Uint8Array(depthOf(isBack ? source : layer));
    for (let i = 0; i < from.count; i++) {
      if (!marked[from.start + i]) continue;
      const group = Math.floor(i / wide);
      found.fill(1, to.start + group * toWide, to.start + (group + 1) * toWide);
      i = (group + 1) * wide - 1;
    }
    return found;
  }

  // ---- From layer to layer.

  // What the marked cells of `layer` read of its source, or what those of the source reach of it.
  function follow(read, source, layer, marked, isBack) {
    const to = isBack ? source : layer;
    if (read.how === "moved") return moved(read, source, layer, marked, isBack);
    const channels = channelsOf(read.channels, source, layer, marked.channels, isBack);
    if (read.how === "everything") return { axes: all(sidesOf(to)), channels, hasHoles: false, isMixed: false };
    const along = isBack ? readAlong : reachAlong;
    const axes = sidesOf(to).map((side, i) =>
      read.axes[i] ? along(read.axes[i], marked.axes[i], side) : marked.axes[i].slice());
    return { axes, channels, hasHoles: marked.hasHoles, isMixed: marked.isMixed && read.channels.groups !== 1 };
  }

  // Whether nothing is read of some of the cells or for some of the channels, so that it counts which of them
  // are meant together.
  function leavesOut(read, source, layer, { axes, channels }, isBack) {
    if (read.how === "moved") return true;
    const along = isBack ? readAlong : reachAlong;
    const isIdle = (axis, length, place, side) => !along(axis, marksOf(length, place), side).includes(1);
    const hasIdle = (axis, marks, side) => marks.some((mark, place) => mark && isIdle(axis, marks.length, place, side));
    if (isBack && haveUnread(read.channels, channels)) return true;
    if (!read.channels.groups && hasIdle(read.channels, channels, depthOf(isBack ? source : layer))) return true;
    if (read.how === "everything") return false;
    const sides = sidesOf(isBack ? source : layer);
    return axes.some((marks, i) => read.axes[i] && hasIdle(read.axes[i], marks, sides[i]));
  }

  // Whether some marked channels are none of those in groups.
  const haveUnread = ({ first, count: width, groups }, channels) =>
    groups && channels.some((mark, channel) => mark && (channel < first || channel >= first + width));

  // Nothing is read of a cell of which no channel is read, and of a channel none of whose cells is. The numbers
  // of a vector are its cells and its channels.
  function met(to, found) {
    if (isVector(to)) {
      const numbers = found.axes[0].map((mark, i) => mark & found.channels[i]);
      return { axes: [numbers], channels: numbers, hasHoles: found.hasHoles, isMixed: false };
    }
    const isNothing = isEmpty(found.axes) || !found.channels.includes(1);
    return isNothing ? nothingOf(to) : found;
  }

  const nothingOf = (layer) =>
    ({ axes: none(sidesOf(layer)), channels: new Uint8Array(depthOf(layer)), hasHoles: false, isMixed: false });

  function step(read, source, layer, marked, isBack) {
    const to = isBack ? source : layer;
    const found = isEmpty(marked.axes) ? nothingOf(to) : met(to, follow(read, source, layer, marked, isBack));
    if (isEmpty(found.axes)) return { ...found, certainty: marked.certainty };
    const isBound = marked.isMixed && leavesOut(read, source, layer, marked, isBack);
    return { ...found, certainty: Math.max(marked.certainty, read.certainty, Number(isBound)) };
  }

  function joined(one, other, layer) {
    if (!one) return other;
    const certainty = Math.max(one.certainty, other.certainty);
    if (isEmpty(one.axes)) return { ...other, certainty };
    if (isEmpty(other.axes)) return { ...one, certainty };
    const axes = one.axes.map((axis, i) => both(axis, other.axes[i]));
    const channels = both(one.channels, other.channels);
    const holds = (part) => !part.hasHoles && axes.every((axis, i) => isSame(axis, part.axes[i]));
    const differs = one.axes.filter((axis, i) => !isSame(axis, other.axes[i])).length;
    const isBox = holds(one) || holds(other) || (!one.hasHoles && !other.hasHoles && differs < 2);
    const isMixed = !isVector(layer) && areMixed(one, other, { axes, channels });
    return { axes, channels, certainty, hasHoles: !isBox, isMixed };
  }

  // Whether not all channels of two parts are meant at all of their cells.
  function areMixed(one, other, both) {
    const hasCellsOf = (part, whole) => !part.hasHoles && part.axes.every((axis, i) => isSame(axis, whole.axes[i]));
    const hasChannelsOf = (part, whole) => isSame(part.channels, whole.channels);
    const hasAll = (part) => !part.isMixed && hasCellsOf(part, both) && hasChannelsOf(part, both);
    if (hasAll(one) || hasAll(other)) return false;
    const hasSameCells = !other.hasHoles && hasCellsOf(one, other);
    return one.isMixed || other.isMixed || !(hasSameCells || hasChannelsOf(one, other));
  }

  function both(one, other) {
    const found = one.slice();
    for (let i = 0; i < found.length; i++) found[i] |= other[i];
    return found;
  }

  function isSame(one, other) {
    for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) return false;
    return true;
  }

  function begin(layer, index) {
    const sides = sidesOf(layer);
    const axes = sides.map((side, i) => marksOf(side, index[i]));
    const channel = index.length ? index[index.length - 1] : null;
    return { axes, channels: marksOf(depthOf(layer), channel), hasHoles: false, isMixed: false, certainty: 0 };
  }

  const marksOf = (count, chosen) =>
    Uint8Array.from({ length: count }, (_, place) => Number(chosen === null || chosen === place));

  // The cells that a cell reads of every layer before it. Its index is that in the output of the layer, of
  // which null is all along an axis.
  function receptiveField(table, name, index) {
    const { layers } = table;
    const start = layers.findIndex((layer) => layer.name === name);
    const found = new Map([[start, begin(layers[start], index)]]);
    for (let number = start; number >= 0; number--) {
      if (!found.has(number)) continue;
      for (const read of layers[number].reads) {
        const next = step(read, layers[read.source], layers[number], found.get(number), true);
        found.set(read.source, joined(found.get(read.source), next, layers[read.source]));
      }
    }
    const field = toldOf(table, name, found);
    const picture = layers.findIndex((layer) => layer.name === table.picture);
    const isWhole = field.status === table.certainties[0] && found.has(picture) && isFull(found.get(picture));
    return isWhole ? { ...field, status: "whole picture" } : field;
  }

  // The cells of every later layer that a cell reaches.
  function projectiveField(table, name, index) {
    const { layers } = table;
    const start = layers.findIndex((layer) => layer.name === name);
    const found = new Map([[start, begin(layers[start], index)]]);
    for (let number = start + 1; number < layers.length; number++) {
      for (const read of layers[number].reads) {
        if (!found.has(read.source)) continue;
        const next = step(read, layers[read.source], layers[number], found.get(read.source), false);
        found.set(number, joined(found.get(number), next, layers[number]));
      }
    }
    return toldOf(table, name, found);
  }

  // By name of the layer the first and the last place along each axis, nothing where no cell is part of it, and
  // which channels are.
  function toldOf({ layers, certainties }, layer, found) {
    const cells = new Map();
    let worst = 0;
    for (const [number, { axes, channels, hasHoles, certainty }] of found) {
      worst = Math.max(worst, certainty);
      const bounds = isEmpty(axes) ? null : axes.map((axis) => [axis.indexOf(1), axis.lastIndexOf(1)]);
      const isFilled = Boolean(bounds) && product(bounds.map(([a, b]) => b - a + 1)) === product(axes.map(count));
      const about = { channels, isFilled: isFilled && !hasHoles, certainty: certainties[certainty] };
      cells.set(layers[number].name, { bounds, ...about });
    }
    return { layer, cells, status: certainties[worst] };
  }

  root.cnn = { ...root.cnn, receptiveField, projectiveField };
})();
