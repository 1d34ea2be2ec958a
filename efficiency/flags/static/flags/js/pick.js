// Flagging by hand: a click on the map finds the plot and who uses it, and fills in the form.
import { colours, styles } from "../../web/js/map/style.js";
import { TileLayers } from "../../web/js/map/tiles.js";

const L = window.L;
const config = JSON.parse(document.getElementById("pick-config").textContent);
const form = document.querySelector("[data-by-hand]");
const said = document.querySelector("[data-picked]");
const users = document.querySelector("[data-users]");
const choice = document.querySelector("[data-user-choice]");
const fields = form.elements;

const map = L.map("map", { zoomControl: false, attributionControl: false, minZoom: 9, maxZoom: 19 });
L.control
  .zoom({ position: "bottomright", zoomInTitle: config.texts.zoomIn, zoomOutTitle: config.texts.zoomOut })
  .addTo(map);
const [west, south, east, north] = config.home;
map.fitBounds([[south, west], [north, east]], { maxZoom: 17 });
const tiles = new TileLayers(map, config, ["districts", "plots", "zones"], () => {});
tiles.show(["districts", "plots", "zones"], { ...styles(colours(), null), key: "pick" }, {});

let marker = null;
let asked = 0;

function mark(latlng) {
  marker?.remove();
  marker = L.circleMarker(latlng, { radius: 7, weight: 2, color: colours().accent, fillOpacity: 0.5 }).addTo(map);
  fields.lon.value = latlng.lng.toFixed(7);
  fields.lat.value = latlng.lat.toFixed(7);
}

function fill(found) {
  fields.plot.value = found.plot;
  const options = found.enterprises.map((enterprise) => new Option(enterprise.name, enterprise.code));
  choice.replaceChildren(choice.options[0], ...options);
  users.hidden = found.enterprises.length < 2;
  choice.value = "";
  fields.enterprise.value = found.enterprises.length === 1 ? found.enterprises[0].code : "";
  const text = found.plot
    ? found.enterprises.length > 1
      ? config.texts.several
      : config.texts.picked
    : config.texts.nothing;
  said.textContent = text.replace("{plot}", found.plot).replace("{n}", found.enterprises.length);
}

async function pick(latlng) {
  mark(latlng);
  const mine = ++asked;
  try {
    const response = await fetch(`${config.at}?lon=${fields.lon.value}&lat=${fields.lat.value}`);
    if (!response.ok) throw new Error(response.statusText);
    const found = await response.json();
    // A slow answer to an earlier click must not overwrite a later one.
    if (mine === asked) fill(found);
  } catch {
    if (mine === asked) said.textContent = config.texts.failed;
  }
}

map.on("click", (event) => pick(event.latlng));
map.getContainer().addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  event.preventDefault();
  pick(map.getCenter());
});
choice.addEventListener("change", () => {
  fields.enterprise.value = choice.value;
});
form.dataset.ready = "";
