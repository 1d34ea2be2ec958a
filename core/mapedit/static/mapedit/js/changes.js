// The pages of change sets: a refused form, and the map of before and after.
import { drawComparison } from "./comparison.js";

// A refused form opens again with what was typed and why.
document.querySelector("[popover][data-open]")?.showPopover();

const config = document.getElementById("change-config");
if (config) drawComparison(document.getElementById("change-map"), JSON.parse(config.textContent));
