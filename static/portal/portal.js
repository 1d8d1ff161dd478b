// Starts the design system's components. Nothing on any page needs this to work.
import { initAll } from "../vendor/nhsuk/nhsuk-frontend.min.js";

// As the server counts (booking_portal/entered.py) and the practice is sent: characters, not
// UTF-16 units; composed; a line break is one; nothing empty around the text.
const characters = (text) =>
  [...text.replace(/\r\n?/g, "\n").normalize("NFC").trim()].length;

initAll({ characterCount: { countFunction: characters } });

document.querySelectorAll("[data-print]").forEach((button) => {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
});
