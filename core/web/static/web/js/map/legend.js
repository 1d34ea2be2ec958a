// What the map's signs and colours mean, beside the map, in the panel and on paper.
import { colourOf } from "./style.js";

const SVG = "http://www.w3.org/2000/svg";

function swatch(name, colour = "") {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "swatch");
  svg.setAttribute("viewBox", "0 0 24 16");
  svg.setAttribute("aria-hidden", "true");
  svg.dataset.swatch = name;
  const rect = document.createElementNS(SVG, "rect");
  for (const [key, value] of Object.entries({ x: 1.5, y: 1.5, width: 21, height: 13, rx: 1 })) rect.setAttribute(key, value);
  if (colour) rect.setAttribute("fill", colour);
  svg.append(rect);
  return svg;
}

function line(mark, text, count = "") {
  const item = document.createElement("li");
  const words = document.createElement("span");
  words.textContent = text;
  item.append(mark, words);
  if (count !== "") {
    const figure = document.createElement("span");
    figure.className = "num map-count";
    figure.textContent = Number(count).toLocaleString("zh-CN");
    item.append(figure);
  }
  return item;
}

export function themeLegend(legend, texts, gridded) {
  const holder = document.createElement("div");
  const title = document.createElement("p");
  title.className = "map-legend-title";
  title.textContent = legend.label + (legend.unit ? `（${legend.unit}）` : "") + (legend.year ? ` ${legend.year}` : "");
  const list = document.createElement("ul");
  for (const item of legend.classes) list.append(line(swatch("class", item.colour), item.label, item.count ?? ""));
  list.append(line(swatch("class", colourOf(legend, null)), texts.noData, legend.unknown));
  holder.append(title, list);
  if (gridded) {
    const note = document.createElement("p");
    note.className = "map-legend-note";
    note.textContent = `${texts.grid}（${legend.kind === "class" ? texts.commonest : texts.mean}）`;
    holder.append(note);
  }
  return holder;
}

export function drawLegend(places, { layers, visible, legend, texts, gridded }) {
  const [floating, inline] = places;
  const list = document.createElement("ul");
  for (const layer of [...layers].reverse()) {
    if (!visible.includes(layer.name) || (legend && layer.themes.length)) continue;
    list.append(line(swatch(layer.name), layer.title));
  }
  floating.replaceChildren();
  if (legend) floating.append(themeLegend(legend, texts, gridded));
  if (list.children.length) floating.append(list);
  if (!legend && gridded && visible.includes("plots")) {
    const note = document.createElement("p");
    note.className = "map-legend-note";
    note.textContent = texts.grid;
    floating.append(note);
  }
  floating.hidden = false;
  inline.replaceChildren(...(legend ? [themeLegend(legend, texts, gridded)] : []));
}
