// Places an opened popover beside the button that opened it, inside the window.
const GAP = 4;
const MARGIN = 12;

function place(card, opener) {
  const anchor = opener.getBoundingClientRect();
  const box = card.getBoundingClientRect();
  const left = Math.min(Math.max(anchor.left, MARGIN), innerWidth - box.width - MARGIN);
  const below = anchor.bottom + GAP;
  const fits = below + box.height + MARGIN <= innerHeight;
  card.style.margin = "0";
  card.style.left = `${left}px`;
  card.style.top = `${fits ? below : Math.max(MARGIN, anchor.top - GAP - box.height)}px`;
}

export function initPopovers() {
  document.addEventListener(
    "toggle",
    (event) => {
      const card = event.target;
      if (event.newState !== "open" || !card.matches?.("[data-anchored]")) return;
      const opener = document.querySelector(`[popovertarget="${card.id}"]`);
      if (opener) place(card, opener);
    },
    true,
  );
}
