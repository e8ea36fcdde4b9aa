// The tooltip: what lies beneath the pointer, first places, then districts.
"use strict";

geoequity.tip = function (map, { nearest, districtAt }) {
  const make = geoequity.element;
  const tip = L.tooltip({ direction: "top", offset: [0, -8], opacity: 1, className: "ge-tip" });
  let touched = false; // a finger has no hover: it opens cards, and names places where it taps
  for (const kind of ["pointerdown", "pointermove"]) {
    const note = (event) => {
      touched = event.pointerType === "touch";
    };
    map.getContainer().addEventListener(kind, note, { capture: true });
  }

  function placeTip({ name, label }) {
    return make("div", {}, make("strong", { dir: "auto" }, name || label), name ? make("span", {}, label) : null);
  }

  function show(event, within = 9) {
    const point = map.latLngToLayerPoint(event.latlng);
    const near = nearest(point, within);
    const said = near ? placeTip(near) : districtAt(point);
    if (!said) {
      tip.remove();
      return;
    }
    tip.setContent(said);
    tip.setLatLng(event.latlng);
    if (!map.hasLayer(tip)) tip.addTo(map);
  }

  // A tap on a place names it; tells whether there was one.
  function tapped(event) {
    const near = touched && nearest(map.latLngToLayerPoint(event.latlng), 14);
    if (near) show(event, 14);
    return Boolean(near);
  }

  let waiting = null;
  map.on("mousemove", (event) => {
    if (touched) return;
    if (waiting === null) {
      requestAnimationFrame(() => {
        if (waiting !== null) show(waiting);
        waiting = null;
      });
    }
    waiting = event;
  });
  map.on("mouseout", () => {
    waiting = null;
    tip.remove();
  });
  return { tapped };
};
