// Loaded before the first paint so that the chosen contrast never flashes.
(function () {
  var chosen = null;
  try {
    chosen = localStorage.getItem("muchan.theme");
  } catch (blocked) {
    // Storage may be refused by policy; the system's own preference then decides.
    chosen = null;
  }
  if (chosen) {
    document.documentElement.dataset.theme = chosen;
  }
})();
