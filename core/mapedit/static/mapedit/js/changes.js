// The pages of change sets: a refused form, and the map of before and after.
// A refused form opens again with what was typed and why.
document.querySelector("[popover][data-open]")?.showPopover();

const config = document.getElementById("change-config");
if (config) {
  // Only pages with a map carry the scripts a map stands on.
  const { drawComparison } = await import("./comparison.js");
  drawComparison(document.getElementById("change-map"), JSON.parse(config.textContent));
}
