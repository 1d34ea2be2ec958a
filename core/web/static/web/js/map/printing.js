// Paper: the map at the size of an A4 sheet across, with title, date, legend and scale.
const SETTLE_MS = 4000;

export function initPrinting(map, loaded, facts) {
  async function prepare() {
    const bounds = map.getBounds();
    document.querySelector("[data-print-date]").textContent = facts().on;
    document.querySelector("[data-print-theme]").textContent = facts().theme;
    document.body.classList.add("is-printing");
    map.invalidateSize({ animate: false });
    map.fitBounds(bounds, { animate: false });
    await Promise.race([loaded(), new Promise((done) => setTimeout(done, SETTLE_MS))]);
  }

  function restore() {
    document.body.classList.remove("is-printing");
    map.invalidateSize({ animate: false });
  }

  window.addEventListener("beforeprint", () => {
    document.querySelector("[data-print-date]").textContent = facts().on;
    document.querySelector("[data-print-theme]").textContent = facts().theme;
  });
  window.addEventListener("afterprint", restore);
  return async () => {
    await prepare();
    window.print();
    restore();
  };
}
