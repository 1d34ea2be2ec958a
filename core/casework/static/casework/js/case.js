// The page of a case: on a phone its acts are a sheet; reservations ask for their reason.
import { initUploads } from "./uploads.js";

const page = document.querySelector(".case-page");
const sheet = document.querySelector("[data-sheet]");
const opener = document.querySelector("[data-sheet-open]");

function show(open) {
  sheet.toggleAttribute("data-open", open);
  opener?.setAttribute("aria-expanded", String(open));
  if (open) sheet.querySelector("input:not([type=hidden]), textarea, summary, a.btn, button[type=submit]")?.focus();
  else opener?.focus();
}

if (sheet && opener) {
  opener.addEventListener("click", () => show(true));
  sheet.querySelector("[data-sheet-close]").addEventListener("click", () => show(false));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && sheet.hasAttribute("data-open")) show(false);
  });
  document.addEventListener("pointerdown", (event) => {
    if (sheet.hasAttribute("data-open") && !event.target.closest("[data-sheet]")) show(false);
  });
  // A refused act comes back open, with what was typed.
  if (sheet.hasAttribute("data-again") && matchMedia("(max-width: 767px)").matches) show(true);
}

const reasons = document.getElementById("review-text");
if (reasons) {
  const form = reasons.form;
  const judge = () => {
    const verdict = form.elements.verdict.value;
    reasons.required = verdict !== "" && verdict !== "agree";
  };
  form.addEventListener("change", judge);
  judge();
}

initUploads();
page.dataset.ready = "";
