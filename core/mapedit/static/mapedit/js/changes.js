// The pages of change sets: filters that submit themselves, printing, and the map of before and after.
import { drawComparison } from "./comparison.js";

for (const form of document.querySelectorAll("[data-autosubmit]")) {
  form.addEventListener("change", (event) => {
    if (event.target.matches("select")) form.requestSubmit();
  });
}
for (const button of document.querySelectorAll("[data-print]")) {
  button.addEventListener("click", () => window.print());
}
// A refused form opens again with what was typed and why.
document.querySelector("[popover][data-open]")?.showPopover();

const config = document.getElementById("change-config");
if (config) drawComparison(document.getElementById("change-map"), JSON.parse(config.textContent));
