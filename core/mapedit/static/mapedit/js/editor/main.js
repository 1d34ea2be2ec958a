// The editor: one change set, its map, its panel.
import { toast } from "../../../web/js/toast.js";
import { Api, Refusal, Unreached } from "./api.js";
import { Canvas } from "./canvas.js";
import { Drawing } from "./drawing.js";
import { count, fill, m2, mu, signed } from "./figures.js";
import { Form } from "./form.js";
import { boundsOf, multi, partsOf } from "./geometry.js";
import { initKeyboard } from "./keyboard.js";
import { drawChanges, drawConsequences, drawFindings, drawStrip } from "./lists.js";
import { chooseBetween } from "./merging.js";
import { showPeople } from "./people.js";
import { initSearch } from "./search.js";
import { Session } from "./session.js";
import { Sketch } from "./sketch.js";

const config = JSON.parse(document.getElementById("editor-config").textContent);
const { texts } = config;
const find = (selector) => document.querySelector(selector);
const names = new Map(config.districts.map(({ code, name }) => [code, name]));

const api = new Api(config.urls.api);
const session = new Session(config, api);
const canvas = new Canvas(config, { api, chosen: (n) => showFinding(n), told: (text) => notice(text) });
const { map } = canvas;
const sketch = new Sketch(map, {
  colour: canvas.palette.accent,
  edited: (parts, snapped) => session.edit(texts.tools.reshape, { geometry: multi(parts), snapped }),
  dense: (left) => hint(left ? fill(texts.dense, { n: count(left) }) : texts.hints.reshape),
  snapPixels: () => canvas.snapPixels,
});
const drawing = new Drawing(map, { colour: canvas.palette.accent, snapPixels: () => canvas.snapPixels });
const form = new Form(find("[data-form]"), config, (attributes) => session.edit(texts.attributes, { attributes }));
const merging = new Map();
let tool = "select";

/* Sentences ------------------------------------------------------------------------------------------------ */
function notice(text) {
  find("[data-notice]").textContent = text;
  find("[data-notice]").hidden = !text;
}

function hint(text) {
  find("[data-context-hint]").textContent = text;
  find("[data-context]").hidden = !text;
}

// What an act came to: done, refused in a sentence, or not reached.
async function attempt(act) {
  try {
    return await act();
  } catch (error) {
    if (error instanceof Unreached) notice(texts.offline);
    else if (error instanceof Refusal && error.status === 409 && error.body.current !== undefined) {
      toast(error.sentence, { level: "error" });
      if (session.current) await session.open(session.current.feature);
    } else if (error instanceof Refusal) toast(error.sentence, { level: "error" });
    else throw error;
    return null;
  }
}

async function operate(path, body, label) {
  const answer = await attempt(() => session.act(path, body, label));
  if (answer?.sentence) toast(answer.sentence, { undo: () => attempt(() => session.undo()) });
  return answer;
}

/* Selecting ------------------------------------------------------------------------------------------------- */
async function open(feature, { look = true } = {}) {
  const held = await attempt(() => session.open(feature));
  if (held && look) {
    const { geometry } = session.standing;
    const box = boundsOf(partsOf(geometry));
    if (!seen(box)) canvas.look(box);
  }
  return held;
}

function seen([west, south, east, north]) {
  const box = window.L.latLngBounds([[south, west], [north, east]]);
  return map.getBounds().contains(box) && map.getZoom() >= map.getBoundsZoom(box) - 3;
}

async function pick(latlng) {
  const answer = await attempt(() => api.get("at/", { lon: latlng.lng.toFixed(9), lat: latlng.lat.toFixed(9) }));
  if (!answer) return;
  if (tool === "merge") {
    if (answer.feature) await toggleMerging(answer.feature);
  } else if (answer.feature) await open(answer.feature, { look: false });
  else if (session.current) session.close();
}

session.addEventListener("current", () => {
  const held = session.standing;
  canvas.selected = session.current?.feature ?? "";
  if (!held) {
    sketch.hide();
    canvas.before(null);
  }
  showFeature();
  redrawSketch();
  if (!held && ["reshape", "line", "split", "hole"].includes(tool)) use("select");
});
session.addEventListener("edited", () => {
  showFeature({ keepForm: true });
  redrawSketch();
});
session.addEventListener("settled", () => showFeature({ keepForm: true }));

function redrawSketch() {
  const held = session.standing;
  canvas.draw();
  if (!held) return;
  canvas.before(session.current.change ? session.current.base?.geometry : null);
  sketch.show(held.removed ? [] : partsOf(held.geometry), tool === "reshape" && !held.removed);
}

function showFeature({ keepForm = false } = {}) {
  const held = session.standing;
  find("[data-feature]").hidden = !held;
  find("[data-nothing]").hidden = Boolean(held);
  if (!held) return;
  const { feature, change, base } = session.current;
  find("[data-feature-name]").textContent = held.attributes[config.layer.label] || feature;
  find("[data-feature-code]").textContent = feature;
  find("[data-feature-action]").textContent = change ? texts.actions[change.action] : texts.unchanged;
  const row = session.rows.get(feature);
  const now = base?.areaM2 ?? null;
  const after = held.removed ? 0 : held.areaM2;
  const parts = now === null ? [mu(after)] : change ? [`${mu(now)} → ${mu(after)}`] : [mu(now)];
  if (now !== null && change) parts.push(`（${signed(mu(after - now), after - now)}）`);
  find("[data-feature-area]").textContent = parts.join("");
  find("[data-feature-area]").title = m2(after ?? now);
  find("[data-act=discard]").hidden = !change;
  find("[data-rename-row]").hidden = change?.action !== "add";
  if (!keepForm) find("[data-rename]").value = feature;
  find("[data-act=rebase]").hidden = !row?.stale;
  find("[data-act=remove]").hidden = !config.layer.canAdd;
  for (const name of ["remove", "snap"]) find(`[data-act=${name}]`).disabled = Boolean(held.removed);
  if (!keepForm) form.show(held.attributes, Boolean(held.removed));
}

/* Tools ------------------------------------------------------------------------------------------------------ */
const NEED_FEATURE = ["reshape", "line", "split", "hole"];

function use(name) {
  if (NEED_FEATURE.includes(name) && (!session.current || session.standing.removed)) {
    hint(texts.selectFirst);
    return;
  }
  tool = name;
  drawing.stop();
  merging.clear();
  canvas.candidates([]);
  hint(name === "select" ? "" : texts.hints[name]);
  // So that Enter ends what is drawn instead of pressing a button again.
  if (name !== "select") map.getContainer().focus({ preventScroll: true });
  for (const button of document.querySelectorAll("[data-tool]")) button.setAttribute("aria-pressed", String(button.dataset.tool === name));
  map.getContainer().dataset.mode = name;
  find("[data-merge-apply]").hidden = name !== "merge";
  canvas.snapTo(["reshape", "line", "split", "draw", "hole"].includes(name) ? session.current?.feature ?? "" : null);
  redrawSketch();
  listChanges();
  if (name === "draw") drawing.start("Polygon", draw);
  if (name === "hole") drawing.start("Polygon", (hole) => withShape("cut/", { hole }, texts.tools.hole));
  if (name === "split") drawing.start("Line", (line) => withShape("split/", { line }, texts.tools.split));
  if (name === "line") drawing.start("Line", (line) => withShape("reshape/", { line }, texts.tools.line));
  if (name === "merge" && session.current) toggleMerging(session.current.feature);
}

function subject() {
  const { feature } = session.current;
  return { feature, revision: session.revisions.get(feature) ?? null };
}

async function withShape(path, body, label) {
  await attempt(() => session.flush());
  await operate(path, { ...subject(), ...body }, label);
  use("select");
}

async function draw(geometry) {
  const answer = await operate("change/", { geometry }, texts.tools.draw);
  use("select");
  if (answer) await open(answer.changed[0].feature, { look: false });
}

async function toggleMerging(feature) {
  if (merging.has(feature)) merging.delete(feature);
  else {
    const held = await attempt(() => session.read(feature));
    if (!held || held.change?.action === "remove") return;
    merging.set(feature, held.change ?? held.base);
  }
  canvas.candidates([...merging.values()].map((item) => item.geometry));
  hint(merging.size ? fill(texts.merging, { names: [...merging.values()].map((item) => item.name).join("、") }) : texts.hints.merge);
  find("[data-merge-apply]").disabled = merging.size < 2;
  listChanges();
}

async function applyMerge() {
  // What is in force keeps its code before what this set has only just added.
  const isNew = (code) => Number(merging.get(code).action === "add");
  const codes = [...merging.keys()].sort((a, b) => isNew(a) - isNew(b));
  if (codes.length < 2) return;
  const answer = await operate("merge/", {
    into: codes[0], features: codes.slice(1),
    revisions: Object.fromEntries(codes.map((code) => [code, session.revisions.get(code) ?? null])),
  }, texts.tools.merge);
  use("select");
  if (answer) await open(answer.changed[0].feature, { look: false });
}

async function remove() {
  if (!session.current || session.standing.removed || !config.layer.canAdd) return;
  const name = session.standing.attributes[config.layer.label] || session.current.feature;
  await attempt(() => session.flush());
  const answer = await operate("remove/", subject(), texts.tools.remove);
  if (answer) toast(fill(texts.removed, { name }), { undo: () => attempt(() => session.undo()) });
}

const acts = {
  remove,
  undo: () => attempt(() => session.undo()),
  redo: () => attempt(() => session.redo()),
  help: () => find("[data-help]").showModal(),
  snap: async () => {
    await attempt(() => session.flush());
    await operate("snap/", subject(), texts.snap);
  },
  discard: async () => {
    await attempt(() => session.flush());
    await operate("discard/", subject(), texts.discard);
  },
  rename: async () => {
    const code = find("[data-rename]").value.trim();
    await attempt(() => session.flush());
    const answer = await operate("code/", { ...subject(), code }, texts.rename);
    if (answer) await open(code, { look: false });
  },
  rebase,
  locate: () => canvas.look(boundsOf(partsOf(session.standing.geometry))),
  close: () => session.close(),
  submit,
  "merge-apply": applyMerge,
};
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-tool], [data-act]");
  if (!button || button.disabled) return;
  if (button.dataset.tool) use(button.dataset.tool);
  else acts[button.dataset.act]();
});

/* Two people ------------------------------------------------------------------------------------------------- */
const look = (geometry, side) => canvas.compare(geometry, side === "mine" ? canvas.palette.accent : canvas.palette.risk);

session.addEventListener("refused", async ({ detail: { feature, refusal, sent } }) => {
  if (refusal.status !== 409) {
    toast(refusal.sentence, { level: "error" });
    for (const [name, sentence] of Object.entries(refusal.body.errors ?? {})) form.fault(name, sentence);
    if (!refusal.body.errors && session.current?.feature === feature) await attempt(() => session.open(feature));
    return;
  }
  const mineNow = session.current?.feature === feature ? session.standing : null;
  const there = await attempt(() => session.read(feature));
  if (!there) return;
  const theirs = there.change ?? there.base;
  const base = mineNow ? session.known : there.origin ?? there.base;
  const mine = {
    geometry: sent.geometry ?? mineNow?.geometry ?? theirs?.geometry,
    attributes: { ...(mineNow?.attributes ?? theirs?.attributes), ...sent.attributes },
  };
  const chosen = await chooseBetween(find("[data-merge]"), {
    config, sentence: refusal.sentence, base, mine, theirs: theirs?.geometry ? theirs : { ...base, geometry: null }, look, theirLabel: there.change?.changedBy || texts.theirs,
  });
  session.history.forget();
  session.current = there;
  session.known = theirs;
  if (chosen) session.edit(texts.merged, { geometry: chosen.geometry ?? mine.geometry, attributes: chosen.attributes });
  session.tell("current");
  await session.load();
});

async function rebase() {
  const { feature, change, base, origin } = session.current;
  const chosen = await chooseBetween(find("[data-merge]"), {
    config, sentence: fill(texts.rebase, { code: feature }), base: origin, mine: change, theirs: base ?? { attributes: {}, geometry: null }, look, theirLabel: texts.inForce,
  });
  if (chosen) await operate("rebase/", { ...subject(), ...chosen, geometry: chosen.geometry ?? change.geometry }, texts.merged);
}

session.addEventListener("people", () => showPeople(find("[data-people]"), session, texts));

/* Panel ------------------------------------------------------------------------------------------------------ */
session.addEventListener("saving", ({ detail }) => {
  const line = find("[data-saving]");
  line.dataset.state = detail;
  line.textContent = detail === "saved" ? fill(texts.saved, { time: session.set.savedAt }) : texts[`saving_${detail}`];
  if (detail === "saved") notice("");
});
session.addEventListener("trouble", ({ detail }) => notice(detail instanceof Refusal ? detail.sentence : texts.offline));
session.addEventListener("set", () => {
  find("[data-state]").textContent = session.set.stateLabel;
  if (session.saver.idle) find("[data-saving]").textContent = fill(texts.saved, { time: session.set.savedAt });
});
session.addEventListener("changes", listChanges);
session.addEventListener("shapes", () => canvas.redraw());
session.addEventListener("history", () => {
  for (const [name, list] of [["undo", session.history.done], ["redo", session.history.undone]]) {
    const button = find(`[data-act=${name}]`);
    button.disabled = !list.length;
    button.title = list.length ? `${button.textContent}：${list.at(-1).label}` : button.textContent;
  }
});
session.addEventListener("findings", () => {
  const errors = session.errors.length;
  const warnings = session.findings.length - errors;
  session.findings.sort((a, b) => (a.severity === "error" ? 0 : 1) - (b.severity === "error" ? 0 : 1));
  find("[data-verdict]").textContent = errors || warnings ? fill(texts.found, { errors: count(errors), warnings: count(warnings) }) : session.count ? texts.clean : texts.nothingToCheck;
  drawFindings(find("[data-findings]"), session.findings, {
    texts, go: (finding) => canvas.goTo(finding), open: (feature) => open(feature), repair,
  });
  canvas.showFaults(session.findings);
  drawConsequences(find("[data-consequences]"), session.consequences, { texts, names });
  find("[data-effects]").hidden = !find("[data-consequences]").children.length;
  strip();
});

function strip() {
  drawStrip(find("[data-strip]"), { total: session.count, consequences: session.consequences, texts, names });
  const errors = session.errors.length;
  const reason = errors ? fill(texts.unresolved, { n: count(errors) }) : session.count ? "" : texts.nothingYet;
  find("[data-blocked]").textContent = reason;
  find("[data-blocked]").toggleAttribute("data-errors", errors > 0);
  find("[data-act=submit]").disabled = Boolean(reason);
}

function listChanges() {
  drawChanges(find("[data-changes]"), [...session.rows.values()], {
    texts, merging, selected: session.current?.feature, open: (feature) => (tool === "merge" ? toggleMerging(feature) : open(feature)),
  });
  find("[data-total]").textContent = count(session.count);
  find("[data-more]").hidden = !session.more;
  strip();
  if (session.current) showFeature({ keepForm: true });
}

function showFinding(n) {
  const item = find("[data-findings]").children[n];
  item.scrollIntoView({ block: "nearest" });
  item.focus();
}

async function repair(finding, name) {
  await attempt(() => session.flush());
  const revision = session.revisions.get(finding.feature) ?? null;
  await operate("repair/", { feature: finding.feature, revision, repair: name, rule: finding.rule, other: finding.other, lon: finding.lon, lat: finding.lat }, texts.repairs[name] ?? name);
}

async function submit() {
  await attempt(() => session.flush());
  const answer = await attempt(() => api.post("submit/"));
  if (answer) location.assign(answer.url);
  else session.checkAll();
}

initSearch({
  texts,
  ask: (q) => attempt(() => api.get("search/", { q })),
  chosen: (feature) => (tool === "merge" ? toggleMerging(feature) : open(feature)),
});
find("[data-more]").addEventListener("click", () => attempt(() => session.load({ after: [...session.rows.keys()].at(-1) })));
for (const name of ["title", "reason"]) {
  find(`[data-detail=${name}]`).addEventListener("change", async (event) => {
    const answer = await attempt(() => api.post("details/", { [name]: event.target.value }));
    if (!answer) return;
    session.set = answer.set;
    session.tell("set");
  });
}
find("[data-layer-switch]").addEventListener("change", (event) => location.assign(event.target.value));

/* Pointer and keyboard ---------------------------------------------------------------------------------------- */
map.on("click", (event) => {
  if (["select", "merge", "reshape"].includes(tool) && event.originalEvent.target.closest(".marker-icon") === null) pick(event.latlng);
});
initKeyboard(map, { session, drawing, tool: () => tool, use, pick, acts });
addEventListener("pagehide", () => api.farewell("presence/", { leave: true }));
addEventListener("beforeunload", (event) => {
  if (!session.saver.idle) event.preventDefault();
});
addEventListener("offline", () => notice(texts.offline));
addEventListener("online", () => notice(""));

/* Start -------------------------------------------------------------------------------------------------------- */
async function start() {
  await canvas.start(config.home);
  session.tell("history");
  await attempt(() => session.load());
  const asked = new URLSearchParams(location.search).get("feature");
  const boxes = [...session.rows.values()].map((row) => row.box).filter(Boolean);
  if (asked) await open(asked);
  else if (boxes.length) canvas.look([Math.min(...boxes.map((b) => b[0])), Math.min(...boxes.map((b) => b[1])), Math.max(...boxes.map((b) => b[2])), Math.max(...boxes.map((b) => b[3]))]);
  canvas.redraw();
  session.beat();
  // What an earlier visit could not send.
  if (!session.saver.idle) await session.saver.send();
  await session.checkAll();
  use("select");
  map.getContainer().dataset.ready = "true";
}

start();
