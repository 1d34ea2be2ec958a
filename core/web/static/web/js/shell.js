// Starts what every page of the shell has.
import { initForms } from "./forms.js";
import { initPalette } from "./palette.js";
import { initPopovers } from "./popovers.js";
import { remember } from "./storage.js";
import { initTables } from "./tables.js";
import { initToasts } from "./toast.js";
import { initUnits } from "./units.js";

function initContrast() {
  const toggle = document.querySelector("[data-contrast-toggle]");
  if (!toggle) return;
  const root = document.documentElement;
  toggle.checked = root.dataset.theme
    ? root.dataset.theme === "contrast"
    : matchMedia("(prefers-contrast: more)").matches;
  toggle.addEventListener("change", () => {
    root.dataset.theme = toggle.checked ? "contrast" : "standard";
    remember("theme", root.dataset.theme);
  });
}

initContrast();
initPopovers();
initToasts();
initUnits();
initTables();
initForms();
initPalette();
document.documentElement.dataset.shell = "ready"; // keys typed before this moment went nowhere
