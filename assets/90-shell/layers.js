// The list of a model with many layers: it opens with the layer of the page in sight, is searched by
// typing, walked through with the arrows, and closes again.
(function () {
  const visible = (menu) => [...menu.querySelectorAll(".layer-all a:not([hidden], .filtered)")];

  document.addEventListener("toggle", ({ target }) => {
    if (!target.matches(".layer-list")) return;
    if (!target.open) return;
    const [menu, field, all] = [".layer-menu", ".layer-find", ".layer-all"].map((one) => target.querySelector(one));
    field.focus();
    menu.scrollIntoView({ block: "nearest" });
    const here = all.querySelector("[aria-current]");
    if (here) all.scrollTop = here.offsetTop - all.offsetTop - all.clientHeight / 2;
  }, true);

  document.addEventListener("input", ({ target }) => {
    if (!target.matches(".layer-find")) return;
    const menu = target.closest(".layer-menu");
    const wanted = target.value.trim().toLowerCase().split(/\s+/);
    for (const link of menu.querySelectorAll(".layer-all a")) {
      const block = link.closest(".layer-block")?.getAttribute("aria-label") || "";
      link.hidden = !wanted.every((part) => `${block} ${link.title}`.toLowerCase().includes(part));
    }
    menu.querySelector(".layer-none").hidden = visible(menu).length > 0;
  });

  document.addEventListener("keydown", (event) => {
    const list = event.target.closest(".layer-list[open]");
    if (list && press(list, event)) event.preventDefault();
  });

  function press(list, { key, target }) {
    const links = visible(list);
    const here = links.indexOf(target);
    const isTyping = target.matches(".layer-find");
    if (key === "Escape") close(list);
    else if (key === "Enter" && isTyping) links[0]?.click();
    else if (key === "ArrowDown") links[here + 1]?.focus();
    else if (key === "ArrowUp") (links[here - 1] || list.querySelector(".layer-find")).focus();
    else return false;
    return true;
  }

  function close(list) {
    list.open = false;
    list.querySelector("summary").focus();
  }

  document.addEventListener("click", ({ target }) => {
    for (const list of document.querySelectorAll(".layer-list[open]")) {
      if (!list.contains(/** @type {Node} */ (target)) || target.closest("a")) list.open = false;
    }
  });
})();
