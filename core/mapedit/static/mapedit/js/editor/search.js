// Finding a feature of the layer by name or code.
import { element } from "./figures.js";

const WAIT_MS = 250;

// `ask(q)` answers {features} or null when it could not; `chosen(feature)` takes the one pressed.
export function initSearch({ texts, ask, chosen }) {
  const find = (selector) => document.querySelector(selector);
  let waiting;

  function row(hit) {
    const button = element("button", { type: "button", class: "link-btn", text: hit.name });
    button.addEventListener("click", () => chosen(hit.feature));
    const state = hit.action ? texts.actions[hit.action] : texts.inForce;
    return element("tr", {}, element("td", {}, button, element("small", { text: hit.feature })), element("td", { text: state }));
  }

  async function search(q) {
    find("[data-search-table]").hidden = !q;
    if (!q) return;
    const answer = await ask(q);
    const rows = find("[data-hits]");
    rows.replaceChildren(...(answer?.features ?? []).map(row));
    if (answer && !answer.features.length) {
      rows.append(element("tr", {}, element("td", { class: "quiet", colspan: 2, text: texts.noHits })));
    }
  }

  find("[data-search]").addEventListener("input", (event) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => search(event.target.value.trim()), WAIT_MS);
  });
}
