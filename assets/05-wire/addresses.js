// Addresses of the server, which it has written into the page, and the page that the window's address means.
(function () {
  const root = window.dash_clientside;
  const { addresses, pages: { base, first } } = root.cnn.rules;

  // The address with that name; a part such as <layer> is filled in.
  function addressOf(name, parts = {}) {
    return addresses[name].replace(/<(\w+)>/g, (_, part) => encodeURIComponent(parts[part]));
  }

  function pathOf(page) {
    return base + (page === first ? "" : page);
  }

  function partsOfPath() {
    return location.pathname.slice(base.length).replace(/\/$/, "").split("/");
  }

  function openPage() {
    return partsOfPath()[0] || first;
  }

  // The layer that the open page is about, "" if the address names none.
  function pageLayer() {
    return decodeURIComponent(partsOfPath().slice(1).join("/"));
  }

  root.cnn = { ...root.cnn, addressOf, pathOf, openPage, pageLayer };
})();
