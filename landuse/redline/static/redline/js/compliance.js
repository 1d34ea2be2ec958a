// The date is asked for as soon as it is chosen.
for (const form of document.querySelectorAll("form[data-submits]")) {
  form.querySelector("[type=date]").addEventListener("change", (event) => {
    if (event.target.value && event.target.checkValidity()) form.requestSubmit();
  });
}
