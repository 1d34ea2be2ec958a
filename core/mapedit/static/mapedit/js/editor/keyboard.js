// Everything by keyboard: tools by letter or number, undo and redo, ending and leaving what is drawn.
const TOOLS = {
  v: "select", d: "draw", e: "reshape", r: "line", c: "split", m: "merge", h: "hole",
  1: "select", 2: "draw", 3: "reshape", 4: "line", 5: "split", 6: "merge", 7: "hole",
};

// `tool()` names the tool in hand; `use`, `pick` and `acts` are what the buttons do too.
export function initKeyboard(map, { session, drawing, tool, use, pick, acts }) {
  function undone(event) {
    const key = event.key.toLowerCase();
    if (key !== "z" && key !== "y") return;
    event.preventDefault();
    (key === "y" || event.shiftKey ? acts.redo : acts.undo)();
  }

  function leave() {
    if (tool() !== "select") use("select");
    else if (session.current) session.close();
  }

  function enter(event) {
    if (tool() === "merge") acts["merge-apply"]();
    else if (drawing.kind) drawing.finish();
    else if (event.target === map.getContainer()) pick(map.getCenter());
  }

  function pressed(event) {
    const chosen = TOOLS[event.key];
    if (event.key === "Escape") leave();
    else if (event.key === "Enter" && event.target.closest("button, a, summary") === null) enter(event);
    else if (event.key === "Backspace") drawing.back();
    else if (event.key === "Delete") acts.remove();
    else if (event.key === "?") acts.help();
    else if (event.key === "s") session.current && acts.snap();
    else if (chosen && !document.querySelector(`[data-tool=${chosen}]`)?.disabled) use(chosen);
    else return false;
    return true;
  }

  document.addEventListener("keydown", (event) => {
    if (document.querySelector("dialog[open]") || event.defaultPrevented) return;
    const writing = event.target.closest("input:not([type=checkbox], [type=radio]), textarea, select");
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !writing) undone(event);
    else if (!writing && !event.altKey && !event.metaKey && !event.ctrlKey && pressed(event)) event.preventDefault();
  });
}
