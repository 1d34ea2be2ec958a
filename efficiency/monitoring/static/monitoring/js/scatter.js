// Tax against output per 亩: one selection, shown in the chart, the table and the map alike.
import { Chart } from "./chart.js";
import { PlotMap } from "./plot_map.js";
import { List } from "./list.js";

const config = JSON.parse(document.getElementById("scatter-config").textContent);
const { texts } = config;
const root = document.querySelector("[data-scatter]");
const counted = root.querySelector("[data-count]");
const clear = root.querySelector("[data-clear]");
const exporting = root.querySelector("[data-export-form]");
const range = root.querySelector("[data-range]");

function start(data) {
  const { firms, places } = data;
  let chosen = new Set();
  const list = new List(root, config, data, { toggle });
  const chart = new Chart(root, config, firms, select);
  const map = new PlotMap(config, data);

  function say(shown) {
    const total = firms.id.length;
    if (!total) {
      counted.textContent = texts.none;
      return;
    }
    const text = chosen.size
      ? shown < chosen.size ? texts.shown : texts.chosen
      : shown < total ? texts.everything : texts.everythingShort;
    counted.textContent = text
      .replace("{n}", (chosen.size || total).toLocaleString("zh-CN"))
      .replace("{plots}", plotsOf(chosen).size.toLocaleString("zh-CN"))
      .replace("{shown}", shown.toLocaleString("zh-CN"));
  }

  function plotsOf(indexes) {
    const found = new Set();
    for (const index of indexes) for (const place of firms.plots[index]) found.add(place);
    return found;
  }

  // `keep`: the rows stay as they are, because one of them is being ticked.
  function select(indexes, { keep = false } = {}) {
    chosen = new Set(indexes);
    clear.disabled = chosen.size === 0;
    exporting.elements.ids.value = [...chosen].map((index) => firms.id[index]).join(",");
    chart.mark(chosen);
    say(list.show(chosen, { keep }));
    map.highlight(plotsOf(chosen), places);
    root.dataset.chosen = String(chosen.size);
  }

  function toggle(index, ticked) {
    const wanted = new Set(chosen);
    if (ticked) wanted.add(index);
    else wanted.delete(index);
    select(wanted, { keep: true });
  }

  clear.addEventListener("click", () => {
    chart.clearBrush();
    range.reset();
    select([]);
  });
  range.addEventListener("submit", (event) => {
    event.preventDefault();
    const limit = (name, usual) => (range.elements[name].value === "" ? usual : Number(range.elements[name].value));
    const [x0, x1, y0, y1] = [limit("x0", -Infinity), limit("x1", Infinity), limit("y0", -Infinity), limit("y1", Infinity)];
    chart.clearBrush();
    select([...firms.id.keys()].filter((i) => firms.x[i] >= x0 && firms.x[i] <= x1 && firms.y[i] >= y0 && firms.y[i] <= y1));
  });
  select([]);
  root.dataset.ready = "";
}

async function load() {
  counted.textContent = texts.loading;
  try {
    const response = await fetch(config.points);
    if (!response.ok) throw new Error(response.statusText);
    start(await response.json());
  } catch (error) {
    counted.textContent = texts.failed;
    throw error;
  }
}

load();
