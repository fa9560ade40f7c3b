// The slider over the moments of a training. While it moves, the page is painted as with a pen; at
// rest the moment becomes part of the view.
(function () {
  const root = window.dash_clientside;
  const REST_MILLISECONDS = 250;
  const PLAY_MILLISECONDS = 300;

  let moments = null;
  let parts = null;

  let wanted, resting, playing;
  root.cnn.atStart(() => {
    clearTimeout(resting);
    [wanted, playing] = [null, false];
    if (moments && !parts.box.hidden) show(placeOf(root.cnn.currentView()));
  });

  function build(box) {
    const title = document.createElement("h2");
    title.textContent = "Epoch";
    const play = document.createElement("button");
    Object.assign(play, { type: "button", className: "btn btn-sm btn-outline-primary epoch-play" });
    play.addEventListener("click", () => (playing ? pause() : start()));
    const slider = document.createElement("input");
    Object.assign(slider, { type: "range", min: 0, step: 1, className: "form-range" });
    slider.setAttribute("aria-label", "Epoch");
    slider.addEventListener("input", () => {
      playing = false;
      attempt(Number(slider.value));
    });
    const label = document.createElement("output");
    label.className = "small epoch-label";
    const row = document.createElement("div");
    row.className = "epoch-row";
    row.append(play, slider);
    box.replaceChildren(title, row, label);
    parts = { box, play, slider, label };
  }

  function showMoments(given, view) {
    const box = document.getElementById("epochs");
    if (!box || !view) return;
    if (!parts || parts.box !== box) build(box);
    const followed = moments && moments.model === view.model ? latest(moments) : "";
    moments = given && given.model === view.model ? given : null;
    box.hidden = !moments || moments.values.length < 2;
    if (box.hidden) return;
    parts.slider.max = moments.values.length - 1;
    if (wanted === null) show(placeOf(view));
    if (moments.live && (!view.epoch || view.epoch === followed)) follow(view);
  }

  // Whoever looks at the newest moment of a training sees the next one when it comes.
  function follow(view) {
    const newest = latest(moments);
    if (newest && view.epoch !== newest && !playing && wanted === null) {
      root.cnn.changeView({ epoch: newest }, true);
    }
  }

  function latest({ values }) {
    return values[values.length - 1] || "";
  }

  function placeOf(view) {
    const place = moments.values.indexOf(view.epoch);
    return place < 0 ? moments.values.length - 1 : place;
  }

  // The last moment of a finished training is the model itself.
  function epochAt(place) {
    const isLast = place === moments.values.length - 1;
    return isLast && !moments.live ? null : moments.values[place];
  }

  function show(place) {
    const { slider, label, play, box } = parts;
    const text = moments.labels[place];
    slider.value = place;
    slider.setAttribute("aria-valuetext", text);
    label.textContent = `${text[0].toUpperCase()}${text.slice(1)}`;
    label.title = `${moments.values.length} moments are kept (${moments.size})`;
    box.classList.toggle("touched", place < moments.values.length - 1);
    play.textContent = playing ? "❚❚" : "▶";
    play.title = playing ? "Pause (p)" : "Play the training (p)";
    play.setAttribute("aria-label", playing ? "Pause" : "Play the training");
  }

  // The moment that the same step again will reach is asked for ahead.
  function attempt(place, ends) {
    const next = place + place - (wanted ?? placeOf(root.cnn.currentView()));
    wanted = place;
    show(place);
    const ahead = next === place ? null : requestAt(next)?.address;
    root.cnn.live(() => ({ ...requestAt(place), ahead }), ends);
    clearTimeout(resting);
    if (!playing) resting = setTimeout(commit, REST_MILLISECONDS);
  }

  function requestAt(place) {
    const isThere = place in moments.values;
    return isThere ? root.cnn.movingRequest({ epoch: epochAt(place) }, "epoch") : null;
  }

  function commit() {
    const place = wanted;
    wanted = null;
    if (moments && place !== null) root.cnn.changeView({ epoch: epochAt(place) });
  }

  function start() {
    if (!moments) return;
    const here = Number(parts.slider.value);
    playing = true;
    play(here === moments.values.length - 1 ? 0 : here + 1);
  }

  function play(place) {
    if (!playing || !moments) return;
    if (place >= moments.values.length) {
      pause();
      return;
    }
    const began = performance.now();
    const goOn = () => {
      setTimeout(() => play(place + 1), began + PLAY_MILLISECONDS - performance.now());
    };
    attempt(place, { painted: goOn, dropped: goOn, refused: pause });
  }

  function pause() {
    playing = false;
    if (!moments) return;
    show(Number(parts.slider.value));
    commit();
  }

  function stepEpoch(step) {
    if (!moments || parts.box.hidden) return;
    const place = Number(parts.slider.value) + step;
    if (place < 0 || place >= moments.values.length) return;
    playing = false;
    attempt(place);
  }

  function playEpochs() {
    if (parts && !parts.box.hidden) parts.play.click();
  }

  // Whoever goes back leaves behind what was not yet part of the view.
  root.cnn.onReturn(() => {
    clearTimeout(resting);
    playing = false;
    wanted = null;
  });

  root.cnn = { ...root.cnn, showMoments, stepEpoch, playEpochs };
})();
