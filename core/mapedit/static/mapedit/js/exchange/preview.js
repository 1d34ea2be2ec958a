// The preview of an import: how far background work has come, and where the file's features lie.
const config = JSON.parse(document.getElementById("import-config").textContent);
const { texts } = config;
const POLL_MS = 1000;
const panel = document.querySelector("[data-job]");
const ground = document.getElementById("import-map");

function remaining(seconds) {
  if (seconds === null || seconds === undefined) return "";
  const time =
    seconds >= 90
      ? texts.minutes.replace("{n}", Math.round(seconds / 60))
      : texts.seconds.replace("{n}", Math.max(1, Math.round(seconds)));
  return texts.left.replace("{time}", time);
}

async function poll() {
  let job = null;
  try {
    const answer = await fetch(config.job, { headers: { Accept: "application/json" } });
    if (answer.ok) job = await answer.json();
  } catch {
    // The network is away for a moment; the next question may be answered.
  }
  if (job && !["queued", "running"].includes(job.state)) {
    location.reload();
    return;
  }
  if (job) {
    const bar = panel.querySelector("progress");
    if (job.total) {
      bar.max = job.total;
      bar.value = job.done;
    }
    panel.querySelector("[data-job-stage]").textContent = job.stage;
    const format = new Intl.NumberFormat();
    panel.querySelector("[data-job-count]").textContent = job.total
      ? `${format.format(job.done)} / ${format.format(job.total)}`
      : "";
    panel.querySelector("[data-job-left]").textContent = remaining(job.secondsLeft);
  }
  setTimeout(poll, POLL_MS);
}

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

async function draw() {
  const L = window.L;
  const map = L.map(ground, { attributionControl: false, preferCanvas: true, maxZoom: 19 });
  map.setView([23.03, 113.1], 10);
  const answer = await fetch(config.shapes);
  if (!answer.ok) return;
  const found = await answer.json();
  const places = L.geoJSON(found.places, {
    interactive: false,
    style: { color: colour("--line-strong"), weight: 1, fill: false },
  }).addTo(map);
  const inks = {
    new: colour("--met"),
    changed: colour("--accent"),
    unchanged: colour("--ink-3"),
    refused: colour("--unmet"),
  };
  const features = L.geoJSON(found, {
    style: ({ properties }) => ({
      color: inks[properties.status],
      weight: properties.status === "unchanged" ? 1 : 2,
      fillOpacity: properties.status === "unchanged" ? 0.05 : 0.2,
    }),
    onEachFeature: ({ properties }, shape) => {
      const label = document.createElement("span");
      label.textContent = `${properties.name} · ${texts[properties.status]}`;
      shape.bindTooltip(label);
    },
  }).addTo(map);
  const bounds = features.getBounds();
  map.fitBounds(bounds.isValid() ? bounds : places.getBounds(), { padding: [16, 16] });
  if (found.shown < found.total) {
    document.querySelector("[data-map-note]").textContent = texts.sampled
      .replace("{shown}", found.shown)
      .replace("{total}", found.total);
  }
  let mark = null;
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-lon]");
    if (!button) return;
    const at = L.latLng(Number(button.dataset.lat), Number(button.dataset.lon));
    map.setView(at, 18);
    mark?.remove();
    mark = L.circleMarker(at, { radius: 10, color: inks.refused, fill: false, weight: 2 }).addTo(map);
    ground.scrollIntoView({ block: "center" });
  });
}

if (panel) poll();
if (ground) draw();
