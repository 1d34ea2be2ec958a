// Fills in a demo user name and moves on to the password.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-fill-login]");
  if (!button) return;
  document.getElementById("id_login").value = button.dataset.fillLogin;
  document.getElementById("id_password").focus();
});
