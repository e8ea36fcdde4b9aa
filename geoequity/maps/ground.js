// The ground of the map: the city's own water and streets, the least of them from near only.
"use strict";

geoequity.STREETS = { // how much nearer than the whole city each rank is drawn, and how wide
  1: { from: -9, weight: 1.7 },
  2: { from: 0.5, weight: 1.1 },
  3: { from: 1.25, weight: 0.8 },
  4: { from: 2.25, weight: 0.6 },
};

geoequity.ground = function (map, data, pane) {
  const renderer = L.canvas({ pane, padding: 0.2 });
  const style = { renderer, pane, interactive: false, smoothFactor: 1 };
  const water = [];
  const streets = [];
  for (const one of data.background) {
    if (one.areas) {
      const shapes = one.areas.map((polygon) => polygon.map(geoequity.unpack));
      water.push(L.polygon(shapes, { ...style, color: "#8FA3B5", weight: 1, fillColor: "#E6EAEE", fillOpacity: 1 }));
    } else if (one.kind === "water") {
      const lines = one.lines.map(geoequity.unpack);
      water.push(L.polyline(lines, { ...style, color: "#8FA3B5", weight: 5 }), L.polyline(lines, { ...style, color: "#E6EAEE", weight: 3.5 }));
    } else {
      const { from, weight } = geoequity.STREETS[one.rank];
      const lines = one.lines.map(geoequity.unpack);
      streets.push({ from, line: L.polyline(lines, { ...style, color: "#27303B", opacity: 0.34, weight }) });
    }
  }

  // What of it is seen at a zoom; null for none of it.
  function show(nearer) {
    for (const one of water) {
      if (nearer === null) one.remove();
      else one.addTo(map);
    }
    for (const { from, line } of streets) {
      if (nearer !== null && nearer >= from) line.addTo(map);
      else line.remove();
    }
  }
  return { there: data.background.length > 0, show };
};
