// Small help on the booking screens. Nothing here is needed for anything to work.

// Search: tick all practices, or none, without loading the page again.
document.querySelectorAll("[data-tick]").forEach((link) => {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    link
      .closest("[data-tick-all]")
      .querySelectorAll('input[type="checkbox"]')
      .forEach((box) => {
        box.checked = link.dataset.tick === "all";
      });
  });
});

// Results: say how many slots are ticked.
document.querySelectorAll("[data-ticked]").forEach((said) => {
  const form = said.closest("form");
  const say = () => {
    const ticked = form.querySelectorAll('input[name="together"]:checked').length;
    said.textContent = ticked ? `${ticked} ${ticked === 1 ? "slot" : "slots"} ticked` : "";
  };
  form.addEventListener("change", say);
  say();
});
