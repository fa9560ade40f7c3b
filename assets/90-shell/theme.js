// Light or dark: kept in this browser, set on the root element.
document.addEventListener("click", (event) => {
  if (!event.target.closest("#theme")) return;
  const root = document.documentElement;
  root.dataset.bsTheme = root.dataset.bsTheme === "dark" ? "light" : "dark";
  try {
    localStorage.setItem("cnn-theme", root.dataset.bsTheme);
  } catch {
    // A browser that keeps nothing still changes the theme for this visit.
  }
});
