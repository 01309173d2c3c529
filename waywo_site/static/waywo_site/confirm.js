// Asks once more before a button with data-confirm does its work. Without scripts the server asks instead.
"use strict";

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-confirm]");
  if (!button) return;
  if (!window.confirm(button.dataset.confirm)) {
    event.preventDefault();
    return;
  }
  const yes = document.createElement("input");
  Object.assign(yes, { type: "hidden", name: "confirmed", value: "1" });
  button.form.append(yes);
});
