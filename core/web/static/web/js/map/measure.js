// Measuring: points picked on the map, figures from the server (on the ellipsoid).
const L = window.L;

function cookie(name) {
  return document.cookie.split("; ").find((part) => part.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";
}

export class Measure {
  constructor(map, config, ended) {
    this.map = map;
    this.config = config;
    this.ended = ended;
    this.kind = "";
    this.points = [];
    this.box = document.querySelector("[data-measure]");
    this.text = this.box.querySelector("[data-measure-text]");
    map.createPane("measure").style.zIndex = 460;
    this.drawn = L.layerGroup().addTo(map);
    this.box.querySelector("[data-measure-undo]").addEventListener("click", () => this.undo());
    this.box.querySelector("[data-measure-close]").addEventListener("click", () => this.stop());
  }

  get active() {
    return this.kind !== "";
  }

  start(kind) {
    this.kind = kind;
    this.points = [];
    this.finished = false;
    this.box.hidden = false;
    this.map.doubleClickZoom.disable();
    this.map.getContainer().classList.add("is-measuring");
    this.draw();
    this.say(this.config.texts.measureHint);
  }

  stop() {
    if (!this.active) return;
    this.kind = "";
    this.points = [];
    this.box.hidden = true;
    this.drawn.clearLayers();
    this.map.doubleClickZoom.enable();
    this.map.getContainer().classList.remove("is-measuring");
    this.ended();
  }

  add(latlng) {
    if (this.finished) {
      this.points = [];
      this.finished = false;
    }
    const last = this.points.at(-1);
    if (last && last.lat === latlng.lat && last.lng === latlng.lng) return;
    this.points.push(latlng);
    this.draw();
    this.ask();
  }

  // By keyboard: the same place again ends it, as a double click does.
  addOrFinish(latlng) {
    const last = this.points.at(-1);
    if (last && !this.finished && last.equals(latlng)) this.finish();
    else this.add(latlng);
  }

  undo() {
    this.points.pop();
    this.finished = false;
    this.draw();
    this.ask();
  }

  finish() {
    this.finished = true;
  }

  say(text, bad = false) {
    this.text.textContent = text;
    this.box.dataset.state = bad ? "bad" : "";
  }

  draw() {
    this.drawn.clearLayers();
    const style = { pane: "measure", color: "#17212b", weight: 2, dashArray: "4 4", fillOpacity: 0.08, interactive: false };
    if (this.points.length > 1) {
      const shape = this.kind === "area" && this.points.length > 2 ? L.polygon : L.polyline;
      shape(this.points, style).addTo(this.drawn);
    }
    for (const point of this.points) {
      L.circleMarker(point, {
        pane: "measure", radius: 4, color: "#17212b", weight: 2, fillColor: "#fff", fillOpacity: 1, interactive: false,
      }).addTo(this.drawn);
    }
  }

  async ask() {
    const least = this.kind === "area" ? 3 : 2;
    if (this.points.length < least) {
      this.say(this.points.length ? this.config.texts.measureMore : this.config.texts.measureHint);
      return;
    }
    this.running?.abort();
    this.running = new AbortController();
    const points = this.points.map((point) => [Number(point.lng.toFixed(8)), Number(point.lat.toFixed(8))]);
    try {
      const response = await fetch(this.config.urls.measure, {
        method: "POST",
        signal: this.running.signal,
        headers: { "Content-Type": "application/json", "X-CSRFToken": cookie("csrftoken"), Accept: "application/json" },
        body: JSON.stringify({ kind: this.kind, points }),
      });
      if (!response.ok) {
        this.say(response.status < 500 ? (await response.text()).trim() : this.config.texts.measureFailed, true);
        return;
      }
      this.say(this.sentence(await response.json()));
    } catch (error) {
      if (error.name !== "AbortError") this.say(this.config.texts.measureFailed, true);
    }
  }

  sentence(answer) {
    const { texts } = this.config;
    if (answer.kind === "length") return `${texts.length} ${answer.length}`;
    return `${texts.area} ${answer.mu} 亩（${answer.m2} m²，${answer.km2} km²） ${texts.perimeter} ${answer.length}`;
  }
}
