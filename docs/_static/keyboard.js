// What a page needs for a keyboard alone: the menus of narrow screens, and tables and code wider than the page.
(() => {
  const name = { __navigation: "Pages of the site", __toc: "Contents of this page" };

  const drawer = { __navigation: ".sidebar-drawer", __toc: ".toc-drawer" };

  const nameLandmarks = () => {
    for (const [id, place] of Object.entries(drawer)) {
      document.querySelector(place)?.setAttribute("aria-label", name[id]);
    }
  };

  const openMenus = () => {
    for (const label of document.querySelectorAll(".nav-overlay-icon, .toc-overlay-icon")) {
      const box = document.getElementById(label.htmlFor);
      const tell = () => label.setAttribute("aria-expanded", String(box.checked));
      label.tabIndex = 0;
      label.setAttribute("role", "button");
      label.setAttribute("aria-label", name[box.id]);
      tell();
      box.addEventListener("change", tell);
      label.addEventListener("keydown", (event) => {
        if (event.key === "Enter" || event.key === " ") {
          event.preventDefault();
          box.click();
          if (box.checked) document.querySelector(`${drawer[box.id]} a`)?.focus();
        }
      });
      document.addEventListener("keydown", (event) => {
        if (event.key === "Escape" && box.checked) {
          box.click();
          label.focus();
        }
      });
    }
  };

  const markWide = () => {
    const boxes = document.querySelectorAll(".table-wrapper, .highlight pre");
    for (const [at, box] of boxes.entries()) {
      if (box.scrollWidth > box.clientWidth + 1) {
        box.tabIndex = 0;
        box.setAttribute("role", "region");
        box.setAttribute("aria-label", `${box.tagName === "PRE" ? "Code" : "Table"} ${at + 1}, wider than the page`);
      } else if (box.getAttribute("role") === "region") {
        for (const attribute of ["tabindex", "role", "aria-label"]) box.removeAttribute(attribute);
      }
    }
  };

  window.addEventListener("load", nameLandmarks);
  window.addEventListener("load", openMenus);
  window.addEventListener("load", markWide);
  window.addEventListener("resize", markWide);
})();
