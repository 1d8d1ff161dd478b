// Starts the design system's components. Nothing on any page needs this to work.
import { initAll } from "../vendor/nhsuk/nhsuk-frontend.min.js";

initAll();

document.querySelectorAll("[data-print]").forEach((button) => {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
});
