// One line at the foot of the page; an act that can be taken back offers it here.
const HOLD_MS = 8000;

function dismissAfter(line, ms) {
  let timer = setTimeout(() => line.remove(), ms);
  line.addEventListener("pointerenter", () => clearTimeout(timer));
  line.addEventListener("focusin", () => clearTimeout(timer));
  line.addEventListener("pointerleave", () => {
    timer = setTimeout(() => line.remove(), ms);
  });
}

// toast("已移出 3 宗", { undo: () => … , level: "info" })
export function toast(text, { undo = null, level = "info", hold = HOLD_MS } = {}) {
  const line = document.createElement("div");
  line.className = "toast-line";
  line.dataset.level = level;
  const message = document.createElement("span");
  message.textContent = text;
  line.append(message);
  if (undo) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = document.body.dataset.messagesUndo;
    button.addEventListener("click", () => {
      line.remove();
      undo();
    });
    line.append(button);
  }
  document.getElementById("toasts").append(line);
  if (level !== "error") dismissAfter(line, hold);
  return line;
}

export function initToasts() {
  document.addEventListener("click", (event) => {
    event.target.closest("[data-dismiss]")?.parentElement.remove();
  });
  for (const line of document.querySelectorAll("#toasts .toast-line")) {
    if (line.dataset.level !== "error") dismissAfter(line, HOLD_MS);
  }
}
