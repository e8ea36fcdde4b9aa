// The map on paper: as wide as a sheet, with its legend, date, sources and every district in a table.
"use strict";

geoequity.SHEET = { width: 660, height: 600 }; // pixels of the map on A4, lying

geoequity.print = function (map, data, { at, listAll, fit, back }) {
  let words = null;

  // Paper has no scale of its own until the sheet is laid out, so the map is drawn anew for it.
  function before() {
    const bounds = map.getBounds();
    const day = new Intl.DateTimeFormat(words.language, { dateStyle: "long" }).format(new Date());
    at("printed").textContent = words.text("map.printed", { date: day });
    at("print-sources").replaceChildren(...[...at("sources-list").children].map((one) => one.cloneNode(true)));
    listAll();
    document.body.classList.add("printing");
    for (const [side, length] of Object.entries(geoequity.SHEET)) map.getContainer().style[side] = `${length}px`;
    map.invalidateSize({ pan: false, animate: false });
    fit(bounds);
  }

  function after() {
    document.body.classList.remove("printing");
    for (const side of Object.keys(geoequity.SHEET)) map.getContainer().style[side] = "";
    back();
  }

  window.addEventListener("beforeprint", before);
  window.addEventListener("afterprint", after);
  at("print").addEventListener("click", () => window.print());
  return {
    speak: (spoken) => {
      words = spoken;
    },
  };
};
