// What forms of the shell have in common: filters that submit themselves, no form sent twice, printing.
function sent(form, submitter) {
  if (form.dataset.sent) return true;
  form.dataset.sent = "1";
  // The pressed button stays part of what is sent, so it is greyed only afterwards.
  setTimeout(() => {
    for (const button of form.querySelectorAll("button:not([type=button])")) button.disabled = true;
    submitter?.setAttribute("aria-busy", "true");
  });
  return false;
}

function unsend(form) {
  if (!form.dataset.sent) return;
  delete form.dataset.sent;
  for (const button of form.querySelectorAll("button:not([type=button])")) {
    button.disabled = false;
    button.removeAttribute("aria-busy");
  }
}

export function initForms() {
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-autosubmit] select, [data-autosubmit] input[type=date]")) {
      event.target.form.requestSubmit();
    }
  });
  document.addEventListener("submit", (event) => {
    if (event.target.matches("[data-once]") && sent(event.target, event.submitter)) event.preventDefault();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.matches("[data-once] textarea")) {
      event.target.form.requestSubmit();
    }
  });
  // The back button brings a page back as it was left, with its buttons greyed.
  addEventListener("pageshow", (event) => {
    if (event.persisted) document.querySelectorAll("[data-once]").forEach(unsend);
  });
  document.addEventListener("click", (event) => {
    const printer = event.target.closest("[data-print]");
    if (!printer) return;
    printer.closest("[popover]")?.hidePopover();
    print();
  });
}
