// One change set open in one browser: what is known of it, and the way every act takes to the server and back.
import { Refusal, Unreached } from "./api.js";
import { partsOf, roughArea } from "./geometry.js";
import { History } from "./history.js";
import { Saver } from "./saver.js";

const CHECK_MS = 1200;
const BEAT_MS = 10_000;

export class Session extends EventTarget {
  constructor(config, api) {
    super();
    Object.assign(this, { config, api });
    this.set = config.set;
    this.count = 0;
    this.rows = new Map();
    this.revisions = new Map();
    this.findings = [];
    this.consequences = [];
    this.people = [];
    this.current = null;
    // The selected feature as the server last told it: what two diverging edits have in common.
    this.known = null;
    this.acting = 0;
    this.last = Promise.resolve();
    this.history = new History(() => this.tell("history"));
    this.saver = new Saver({
      api,
      key: `muchan.draft.${config.user}.${config.set.id}`,
      revisionOf: (feature) => this.revisions.get(feature) ?? null,
      report: (state) => this.tell("saving", state),
      saved: (feature, answer, latest) => this.saved(feature, answer, latest),
      refused: (feature, refusal, sent) => this.tell("refused", { feature, refusal, sent }),
    });
  }

  tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  // Reading ---------------------------------------------------------------------------------------------------
  async load({ after = "", q = "" } = {}) {
    const answer = await this.api.get("state/", { after, q });
    // Told before what has been written since: the next one knows better.
    if (answer.set.revision < this.set.revision) return;
    const quiet = this.saver.idle && this.acting === 0;
    if (!after) this.rows.clear();
    const moved = [];
    for (const row of answer.changes) {
      this.rows.set(row.feature, row);
      const known = this.revisions.get(row.feature);
      if (known === undefined) this.revisions.set(row.feature, row.revision);
      else if (quiet && known !== row.revision) moved.push([row.feature, row.revision]);
    }
    this.more = answer.more;
    this.set = answer.set;
    this.count = answer.count;
    this.tell("set");
    this.tell("changes");
    for (const [feature, revision] of moved) await this.moved(feature, revision);
  }

  // Somebody else wrote a feature: what was done to it before can no longer be undone, and the open one is read anew.
  async moved(feature, revision) {
    this.history.forget();
    if (this.current?.feature === feature) await this.open(feature);
    else this.revisions.set(feature, revision);
  }

  async read(feature) {
    const answer = await this.api.get(`feature/${encodeURIComponent(feature)}/`);
    const revision = answer.change?.revision ?? null;
    if (this.revisions.has(feature) && this.revisions.get(feature) !== revision) this.history.forget();
    this.revisions.set(feature, revision);
    return answer;
  }

  async open(feature) {
    await this.saver.send();
    this.current = await this.read(feature);
    this.known = this.current.change ?? this.current.base;
    this.tell("current");
    this.beat();
    return this.current;
  }

  close() {
    this.current = null;
    this.tell("current");
    this.beat();
  }

  // The selected feature as drafted: its change, else the version in force.
  get standing() {
    if (!this.current) return null;
    const { change, base } = this.current;
    if (change?.action === "remove") return { ...base, attributes: change.attributes, removed: true };
    return change ?? base;
  }

  // Writing ---------------------------------------------------------------------------------------------------
  // A shape or attributes of the selected feature: kept here at once, sent a moment later.
  edit(label, { geometry, attributes, snapped }) {
    const { feature, change, base } = this.current;
    const before = change;
    const held = this.standing;
    const after = {
      feature,
      name: held.name,
      action: change && change.action !== "remove" ? change.action : "modify",
      operation: geometry ? "reshape" : "attributes",
      origins: change?.origins ?? [],
      baseVersion: change ? change.baseVersion : base.version,
      revision: change?.revision ?? null,
      changedBy: "",
      changedAt: "",
      geometry: geometry ?? held.geometry,
      // Until the server says: the last figure of record, scaled by what the sphere makes of both shapes.
      areaM2: geometry ? (held.areaM2 * roughArea(partsOf(geometry))) / roughArea(partsOf(held.geometry)) : held.areaM2,
      attributes: { ...held.attributes, ...attributes },
    };
    this.current = { ...this.current, change: after };
    this.history.add(label, [{ feature, before, after }]);
    this.saver.edit(feature, { ...(geometry && { geometry }), ...(attributes && { attributes }), ...(snapped?.length && { snapped }) });
    this.tell("edited");
  }

  saved(feature, answer, latest) {
    const [{ after }] = answer.changed;
    const mine = this.current?.feature === feature ? this.current : null;
    const geometry = after?.geometry ?? mine?.change?.geometry;
    const whole = after && { ...after, geometry };
    this.take(answer);
    if (mine) this.known = whole ?? mine.base;
    if (!mine || !latest) return;
    this.current = { ...mine, change: whole };
    this.history.settle(feature, whole);
    this.tell(answer.snapped.length || !after ? "current" : "settled");
  }

  // Acts come one after the other, however quickly the keys are pressed.
  inTurn(act) {
    const turn = this.last.then(act);
    this.last = turn.catch(() => {
      // Whoever asked for it is told; the next act does not wait for it.
    });
    return turn;
  }

  // An act the server works out; its answer may be undone as a whole.
  act(path, body, label) {
    return this.inTurn(() => this.acted(path, body, label));
  }

  async acted(path, body, label) {
    await this.flush();
    const answer = await this.write(path, body);
    this.history.add(label, answer.changed);
    await this.changed(answer);
    return answer;
  }

  undo() {
    return this.inTurn(async () => {
      await this.flush();
      return this.history.undo((items) => this.restore(items));
    });
  }

  redo() {
    return this.inTurn(async () => {
      await this.flush();
      return this.history.redo((items) => this.restore(items));
    });
  }

  async restore(items) {
    const answer = await this.write("restore/", {
      items: items.map((item) => ({ ...item, revision: this.revisions.get(item.feature) ?? null })),
    });
    await this.changed(answer);
    return answer;
  }

  async write(path, body) {
    this.acting += 1;
    try {
      return await this.api.post(path, body);
    } finally {
      this.acting -= 1;
    }
  }

  async flush() {
    await this.saver.send();
    if (!this.saver.idle) throw new Unreached("unsent edits");
  }

  async changed(answer) {
    this.take(answer);
    const open = this.current?.feature;
    const hit = answer.changed.find((item) => item.feature === open);
    if (hit) {
      try {
        this.current = await this.read(open);
        this.known = this.current.change ?? this.current.base;
      } catch (error) {
        if (!(error instanceof Refusal) || error.status !== 404) throw error;
        this.current = null;
      }
      this.tell("current");
    }
    await this.load();
  }

  take(answer) {
    this.set = answer.set;
    this.count = answer.count;
    for (const { feature, after } of answer.changed) {
      this.revisions.set(feature, after?.revision ?? null);
      const found = answer.findings[feature] ?? [];
      this.findings = [...this.findings.filter((item) => item.feature !== feature), ...found];
      const row = this.rows.get(feature) ?? { baseAreaM2: this.current?.feature === feature ? this.current.base?.areaM2 : null, stale: false, box: null };
      if (!after) this.rows.delete(feature);
      else this.rows.set(feature, { ...row, feature, name: after.name, action: after.action, revision: after.revision, areaM2: after.areaM2 });
    }
    this.consequences = answer.consequences;
    this.tell("set");
    this.tell("changes");
    this.tell("findings");
    this.tell("shapes");
    clearTimeout(this.checking);
    this.checking = setTimeout(() => this.checkAll(), CHECK_MS);
  }

  // The complete checks: what one edit did to its neighbours in the set too.
  async checkAll() {
    if (!this.saver.idle) return;
    const asked = this.set.revision;
    try {
      const answer = await this.api.post("check/");
      if (answer.set.revision < asked || !this.saver.idle) return;
      this.findings = answer.findings;
      this.consequences = answer.consequences;
      this.tell("findings");
      await this.load();
    } catch (error) {
      if (!(error instanceof Refusal) && !(error instanceof Unreached)) throw error;
      this.tell("trouble", error);
    }
  }

  get errors() {
    return this.findings.filter((item) => item.severity === "error");
  }

  // Others ----------------------------------------------------------------------------------------------------
  async beat() {
    clearTimeout(this.beating);
    this.beating = setTimeout(() => this.beat(), BEAT_MS);
    try {
      const answer = await this.api.post("presence/", { feature: this.current?.feature ?? "" });
      this.people = answer.people;
      this.tell("people");
      if (answer.revision !== this.set.revision && this.saver.idle) await this.load();
    } catch (error) {
      if (error instanceof Refusal) this.tell("trouble", error);
      else if (!(error instanceof Unreached)) throw error;
    }
  }
}
