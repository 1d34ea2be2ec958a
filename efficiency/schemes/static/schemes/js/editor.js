// The editor of a scheme: what is typed is drawn, kept and tried at once.
import { at, copy, fresh, quotient, Snapshots } from "./draft.js";
import { Keeper, Preview } from "./sending.js";
import { draw, drawIndicator, drawSums, showFaults, take } from "./view.js";

const root = document.querySelector("[data-scheme-editor]");
const config = JSON.parse(document.getElementById("scheme-config").textContent);
let data = config.data;
const snapshots = new Snapshots(data);
const preview = new Preview(root, config, () => data);
const keeper = new Keeper(root, config, () => data, (faults) => showFaults(root, faults));

function changed(joined) {
  snapshots.add(data, joined);
  drawSums(root, data);
  follow();
}

function follow() {
  root.querySelector("[data-undo]").disabled = !snapshots.canUndo;
  root.querySelector("[data-redo]").disabled = !snapshots.canRedo;
  keeper.edited();
  preview.ask();
}

function redraw(focus) {
  draw(root, data);
  showFaults(root, keeper.faults);
  if (focus) root.querySelector(focus)?.focus();
}

function jump(by) {
  data = snapshots.move(by);
  redraw();
  follow();
}

// Another quotient is usually shown in another unit; what somebody typed there before made sense for the old one only.
function follows(input) {
  if (!input.matches('[data-field="numerator"], [data-field="denominator"], [data-field="base_kind"]')) return;
  const node = input.closest("[data-item]");
  const indicator = at(data, node.dataset.at);
  if (!input.matches('[data-field="base_kind"]')) {
    Object.assign(indicator, quotient(config.figures, indicator.numerator, indicator.denominator));
  }
  drawIndicator(node, data);
}

root.addEventListener("input", (event) => {
  const path = take(event.target, data);
  if (!path) return;
  follows(event.target);
  changed(event.target.matches("select, [type=checkbox]") ? null : path);
});

function move(item, by) {
  const [path, index] = split(item);
  const list = at(data, path);
  const target = index + by;
  if (target < 0 || target >= list.length) return;
  [list[index], list[target]] = [list[target], list[index]];
  redraw();
  const moved = root.querySelector(`[data-at="${path}.${target}"]`);
  const button = moved.querySelector(by < 0 ? "[data-up]" : "[data-down]");
  (button.disabled ? moved.querySelector("[data-field]") : button).focus();
  changed(null);
}

function split(item) {
  const cut = item.dataset.at.lastIndexOf(".");
  return [item.dataset.at.slice(0, cut), Number(item.dataset.at.slice(cut + 1))];
}

root.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.matches("[data-undo]")) return jump(-1);
  if (button.matches("[data-redo]")) return jump(1);
  if (button.dataset.add) {
    const list = button.parentElement.querySelector(`[data-list="${button.dataset.add}"]`) ?? button.closest("[data-list]");
    const path = list.dataset.at;
    at(data, path).push(fresh(button.dataset.add, config.figures, data));
    redraw(`[data-at="${path}.${at(data, path).length - 1}"] :is([data-field], select)`);
    return changed(null);
  }
  const item = button.closest("[data-item]");
  if (!item) return;
  if (button.matches("[data-up]")) return move(item, -1);
  if (button.matches("[data-down]")) return move(item, 1);
  if (button.matches("[data-remove]")) {
    const [path, index] = split(item);
    at(data, path).splice(index, 1);
    redraw("[data-undo]");
    changed(null);
    root.querySelector("[data-undo]").focus();
  }
});

root.addEventListener("keydown", (event) => {
  const item = event.target.closest("[data-item]");
  if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown") && item?.querySelector("[data-up]")) {
    // A select would open on Alt+↓; here its row moves.
    event.preventDefault();
    move(item, event.key === "ArrowUp" ? -1 : 1);
    return;
  }
  const typing = event.target.matches("input:not([type=checkbox])");
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z" && !typing) {
    event.preventDefault();
    if (event.shiftKey ? snapshots.canRedo : snapshots.canUndo) jump(event.shiftKey ? 1 : -1);
  }
});

// Leaving keeps what was typed a moment ago; what cannot be kept holds the page back.
root.querySelector("[data-done]").addEventListener("click", async (event) => {
  if (!keeper.dirty || keeper.stopped) return;
  event.preventDefault();
  const { href } = event.currentTarget;
  await keeper.send();
  if (!keeper.dirty) location.assign(href);
});

redraw();
showFaults(root, config.unfinished);
preview.ask();
keeper.start(copy(data));
root.dataset.ready = "1";
