"use strict";
for (const select of document.querySelectorAll(".choose select")) {
  select.addEventListener("change", () => select.form.requestSubmit());
}
