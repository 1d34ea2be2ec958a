// The date is asked for as soon as it is chosen; printing is the browser's.
for (const form of document.querySelectorAll("form[data-submits]")) {
  form.querySelector("[type=date]").addEventListener("change", (event) => {
    if (event.target.value && event.target.checkValidity()) form.requestSubmit();
  });
}
for (const button of document.querySelectorAll("[data-print]")) {
  button.addEventListener("click", () => {
    button.closest("[popover]")?.hidePopover();
    print();
  });
}
