// Cells under the districts, where something was computed at them and the reader is near enough to tell them apart.
"use strict";

geoequity.APART = 13; // pixels from one cell to the next

// Polygons of one kind in one stroke of the brush, so that no seam opens between neighbours.
geoequity.Mosaic = geoequity.Places.extend({
  initialize(shapes, options) {
    const places = [];
    this._rings = shapes.map((shape) =>
      shape.flat().map((ring) => {
        const start = places.length;
        for (const place of geoequity.unpack(ring)) places.push(place);
        return [start, places.length];
      }),
    );
    geoequity.Places.prototype.initialize.call(this, places, options);
  },

  // Tells the cell at a point; those of one district alone are looked through.
  at(point, some) {
    const points = this._points;
    const inside = ([start, end]) => {
      let odd = false;
      for (let here = start, last = end - 1; here < end; last = here, here += 1) {
        const [a, b] = [points[here], points[last]];
        if (a.y > point.y !== b.y > point.y && point.x < ((b.x - a.x) * (point.y - a.y)) / (b.y - a.y) + a.x) odd = !odd;
      }
      return odd;
    };
    return some.find((cell) => this._rings[cell].filter(inside).length % 2 === 1) ?? null;
  },

  _paint(context) {
    const { colours } = this.options;
    const groups = new Map();
    colours.forEach((colour, cell) => {
      if (!groups.has(colour)) groups.set(colour, []);
      groups.get(colour).push(cell);
    });
    for (const [colour, cells] of groups) {
      context.beginPath();
      for (const cell of cells) {
        for (const [start, end] of this._rings[cell]) {
          context.moveTo(this._points[start].x, this._points[start].y);
          for (let at = start + 1; at < end; at += 1) context.lineTo(this._points[at].x, this._points[at].y);
          context.closePath();
        }
      }
      context.fillStyle = geoequity.hatchings[colour]?.(context) || colour;
      context.fill("evenodd");
      context.strokeStyle = "rgba(255, 255, 255, 0.35)";
      context.lineWidth = 0.6;
      context.stroke();
    }
  },
});

geoequity.cells = function (map, data) {
  const found = data.cells;
  if (!found) return { has: () => false, show: () => false, at: () => null };
  const pane = map.createPane("ge-cells");
  pane.style.zIndex = 390; // beneath the districts, which stay what is hovered, clicked and outlined
  pane.style.pointerEvents = "none";
  const renderer = L.canvas({ pane: "ge-cells", padding: 0.2 });
  const within = data.districts.map((_, place) => found.of.flatMap((of, cell) => (of === place ? [cell] : [])));
  let mosaic = null;
  let from = null;

  const has = (layer) => layer.kind === "indicator" && layer.id in found.values;

  // The zoom from which neighbours lie far enough apart.
  function nearEnough(home, extent) {
    const [low, high] = [extent.getSouthWest(), extent.getNorthEast()].map((one) => map.project(one, home));
    const apart = Math.sqrt(Math.abs((high.x - low.x) * (high.y - low.y)) / found.shapes.length);
    return home + Math.max(1, Math.log2(geoequity.APART / apart));
  }

  function show(layer, wanted, { colourOf, extent }) {
    from ??= nearEnough(map.getBoundsZoom(extent), extent);
    const on = wanted && has(layer) && map.getZoom() >= from;
    if (!on) {
      mosaic?.remove();
      return false;
    }
    const colours = found.values[layer.id].map((value) => colourOf(layer, value));
    mosaic ||= new geoequity.Mosaic(found.shapes, { renderer, pane: "ge-cells" });
    mosaic.options.colours = colours;
    if (map.hasLayer(mosaic)) mosaic.redraw();
    else mosaic.addTo(map);
    return true;
  }

  function at(point, district) {
    return mosaic && map.hasLayer(mosaic) && district !== null ? mosaic.at(point, within[district]) : null;
  }

  return { has, show, at, count: found.shapes.length, valueOf: (layer, cell) => found.values[layer.id][cell] };
};
