// The area unit of the whole page. Every figure carries its text in each unit,
// rounded once on the server, so that no rounding rule lives in the browser.
import { remembered, remember } from "./storage.js";

export const UNITS = { km2: "km²", ha: "公顷", mu: "亩", m2: "m²" };
const SWITCHABLE = ["km2", "ha", "mu"];

export function currentUnit() {
  const unit = remembered("unit");
  return SWITCHABLE.includes(unit) ? unit : null;
}

function show(figure, unit) {
  const text = figure.dataset[unit];
  if (text === undefined) return;
  figure.querySelector(".value").textContent = text;
  figure.querySelector(".unit").textContent = UNITS[unit];
  figure.dataset.unit = unit;
}

// Applies the chosen unit below `root`; call again after inserting HTML.
export function applyUnit(root = document, unit = currentUnit()) {
  // Nobody chose yet: every figure keeps the unit the page wrote it in.
  if (unit !== null) {
    for (const figure of root.querySelectorAll("[data-area]:not([data-fixed])")) show(figure, unit);
    for (const label of root.querySelectorAll("[data-unit-label]")) label.textContent = UNITS[unit];
  }
  for (const button of root.querySelectorAll("[data-unit-switch] button")) {
    const fallback = button.closest("[data-unit-switch]").dataset.default;
    button.setAttribute("aria-pressed", String(button.value === (unit ?? fallback)));
  }
}

export function initUnits() {
  applyUnit();
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-unit-switch] button");
    if (!button) return;
    remember("unit", button.value);
    applyUnit(document, button.value);
    document.dispatchEvent(new CustomEvent("muchan:unit", { detail: button.value }));
  });
}
