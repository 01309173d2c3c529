// What the readers' site does with a script; without it everything works by links and forms.

// "/" puts the cursor into the search.
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const field = document.querySelector("[aria-keyshortcuts='/']");
  if (!field) return;
  event.preventDefault();
  field.focus();
  field.select();
});
