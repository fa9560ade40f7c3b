// A canvas to paint on: mouse, finger, pen or keyboard; strokes are kept, so that each can be undone.
(function () {
  const root = window.dash_clientside;
  const SIDE = 280;
  const STEP = 10;
  // Browsers that tell of the pointer as soon as it moves save the wait for the next frame; where this is not
  // told, as over plain http, moves are heard of once a frame.
  const MOVED = "onpointerrawupdate" in window ? "pointerrawupdate" : "pointermove";
  const TELL_MILLISECONDS = 8;
  const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

  class Pad {
    // `onChange` is called while something is painted, `onEnd` when a stroke ends.
    constructor(label, { paper, ink, width, onChange, onEnd }) {
      this.paper = paper;
      this.ink = ink;
      this.width = width;
      this.onChange = onChange;
      this.onEnd = onEnd;
      this.erasing = false;
      this.strokes = [];
      this.base = null;
      this.untold = false;
      this.told = 0;
      this.cursor = [SIDE / 2, SIDE / 2];
      this.element = document.createElement("div");
      this.element.className = "pad";
      this.canvas = document.createElement("canvas");
      Object.assign(this.canvas, { width: SIDE, height: SIDE, tabIndex: 0 });
      this.canvas.setAttribute("role", "application");
      this.canvas.setAttribute("aria-label", label);
      this.context = this.canvas.getContext("2d", { willReadFrequently: true });
      this.mark = document.createElement("div");
      this.mark.className = "pad-cursor";
      this.element.append(this.canvas, this.mark);
      this.redraw();
      this.listen();
    }

    listen() {
      const on = (name, act) => this.canvas.addEventListener(name, act.bind(this));
      on("pointerdown", this.press);
      on(MOVED, this.move);
      on("pointermove", this.tell);
      on("pointerup", this.lift);
      on("pointercancel", this.lift);
      on("keydown", this.key);
      on("keyup", this.release);
      on("blur", this.lift);
    }

    place(event) {
      const box = this.canvas.getBoundingClientRect();
      const scale = SIDE / box.width;
      return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
    }

    press(event) {
      if (event.button !== 0 && event.pointerType === "mouse") return;
      this.canvas.setPointerCapture(event.pointerId);
      this.begin(this.place(event), this.erasing || Boolean(event.buttons & 32));
      event.preventDefault();
      this.canvas.focus({ preventScroll: true });
    }

    move(event) {
      if (!this.stroke) return;
      const passed = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
      for (const one of passed.length ? passed : [event]) this.extend(this.place(one));
      this.untold = true;
      if (event.timeStamp - this.told > TELL_MILLISECONDS) this.tell(event);
    }

    // A quick pointer moves many times a frame: not each of them is told.
    tell(event) {
      if (!this.stroke || !this.untold) return;
      Object.assign(this, { untold: false, told: event.timeStamp });
      this.onChange();
    }

    lift() {
      if (!this.stroke) return;
      this.stroke = null;
      this.onEnd();
    }

    begin(point, erasing) {
      this.stroke = { erasing, width: this.width, points: [point] };
      this.strokes.push(this.stroke);
      this.line(this.stroke, point, point);
      this.onChange();
    }

    extend(point) {
      const { points } = this.stroke;
      this.line(this.stroke, points[points.length - 1], point);
      points.push(point);
    }

    line({ erasing, width }, from, to) {
      const context = this.context;
      context.globalCompositeOperation = erasing && !this.paper ? "destination-out" : "source-over";
      context.strokeStyle = erasing ? this.paper || "#000" : this.ink;
      context.lineWidth = width;
      context.lineCap = "round";
      context.beginPath();
      context.moveTo(from[0], from[1]);
      context.lineTo(to[0], to[1] + (from === to ? 0.01 : 0));
      context.stroke();
    }

    // Arrows move the cursor; while space is held they paint.
    key(event) {
      const move = MOVES[event.key];
      if (event.key === " " && !event.repeat && !this.stroke) {
        this.begin([...this.cursor], this.erasing);
      } else if (move) {
        const far = STEP * (event.shiftKey ? 4 : 1);
        this.cursor = this.cursor.map((at, i) => Math.min(SIDE, Math.max(0, at + far * move[i])));
        if (this.stroke) {
          this.extend([...this.cursor]);
          this.onChange();
        }
        this.showCursor();
      } else if (event.key === "z" && (event.ctrlKey || event.metaKey)) {
        this.undo();
      } else if (event.key === "Delete") {
        this.clear();
      } else if (event.key !== " ") {
        return;
      }
      event.preventDefault();
      event.stopPropagation();
    }

    release(event) {
      if (event.key === " ") this.lift();
    }

    showCursor() {
      this.mark.style.left = (100 * this.cursor[0]) / SIDE + "%";
      this.mark.style.top = (100 * this.cursor[1]) / SIDE + "%";
    }

    redraw() {
      const context = this.context;
      context.globalCompositeOperation = "source-over";
      context.clearRect(0, 0, SIDE, SIDE);
      if (this.paper) {
        context.fillStyle = this.paper;
        context.fillRect(0, 0, SIDE, SIDE);
      }
      let strokes = this.strokes;
      const cleared = strokes.map((stroke) => Boolean(stroke.clears)).lastIndexOf(true);
      if (cleared >= 0) strokes = strokes.slice(cleared + 1);
      else if (this.base) this.drawBase();
      for (const stroke of strokes) {
        stroke.points.forEach((point, i) => this.line(stroke, stroke.points[Math.max(0, i - 1)], point));
      }
    }

    drawBase() {
      this.context.imageSmoothingEnabled = false;
      this.context.drawImage(this.base, 0, 0, SIDE, SIDE);
      this.context.imageSmoothingEnabled = true;
    }

    // Start anew from a picture (a canvas), or from nothing.
    load(base) {
      Object.assign(this, { base, strokes: [], stroke: null });
      this.redraw();
    }

    undo() {
      if (!this.strokes.pop()) return;
      this.stroke = null;
      this.changed();
    }

    clear() {
      this.strokes.push({ clears: true, points: [] });
      this.stroke = null;
      this.changed();
    }

    changed() {
      this.redraw();
      this.onChange();
      this.onEnd();
    }

    // The picture reduced to side × side: the bytes of one colour, red 0 to alpha 3.
    sample(side, colour) {
      this.reduced = this.reduced || document.createElement("canvas");
      const reduced = this.reduced;
      if (reduced.width !== side) Object.assign(reduced, { width: side, height: side });
      const context = reduced.getContext("2d", { willReadFrequently: true });
      context.globalCompositeOperation = "copy";
      context.imageSmoothingQuality = "medium";
      context.drawImage(this.canvas, 0, 0, side, side);
      const { data } = context.getImageData(0, 0, side, side);
      const values = new Uint8Array(side * side);
      for (let i = 0; i < values.length; i++) values[i] = data[4 * i + colour];
      return values;
    }
  }

  function button(text, title, act) {
    const element = document.createElement("button");
    Object.assign(element, { type: "button", textContent: text, title });
    element.className = "btn btn-sm btn-outline-secondary";
    element.addEventListener("click", act);
    return element;
  }

  function toggle(text, title, act) {
    const element = button(text, title, () => {
      const on = element.getAttribute("aria-pressed") !== "true";
      element.setAttribute("aria-pressed", String(on));
      act(on);
    });
    element.setAttribute("aria-pressed", "false");
    return element;
  }

  function check(text, checked, act) {
    const label = document.createElement("label");
    label.className = "form-check";
    const box = document.createElement("input");
    Object.assign(box, { type: "checkbox", checked, className: "form-check-input" });
    box.addEventListener("change", () => act(box.checked));
    label.append(box, " " + text);
    return label;
  }

  function slider(text, { low, high, step, value }, act) {
    const label = document.createElement("label");
    label.className = "slider";
    const range = document.createElement("input");
    Object.assign(range, { type: "range", min: low, max: high, step, className: "form-range" });
    range.value = value;
    const output = document.createElement("output");
    range.addEventListener("input", () => act(Number(range.value)));
    label.append(text, range, output);
    return { label, range, output };
  }

  // The tools of a pad: eraser, brush width, undo, clear.
  function tools(pad, erase = "Eraser") {
    const row = document.createElement("div");
    row.className = "pad-tools";
    const width = slider("Brush", { low: 8, high: 60, step: 2, value: pad.width }, (value) => {
      pad.width = value;
    });
    row.append(
      toggle(erase, "Take away instead of painting", (on) => (pad.erasing = on)),
      button("Undo", "Take back the last stroke (Ctrl+Z)", () => pad.undo()),
      button("Clear", "Start again (Delete); can be undone", () => pad.clear()),
      width.label
    );
    return row;
  }

  root.cnn = { ...root.cnn, Pad, parts: { button, toggle, check, slider, tools } };
})();
