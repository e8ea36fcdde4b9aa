// The districts on the map: few as vectors, many on one canvas that paints them at once.
"use strict";

geoequity.MANY = 600; // past it a vector for each would make every step slow

// A canvas that knows the hatchings, and lays the one of doubt over a colour.
geoequity.Canvas = L.Canvas.extend({
  _fillStroke(context, layer) {
    const { options } = layer;
    if (options.fill) {
      context.globalAlpha = options.fillOpacity;
      for (const paint of [options.fillColor, options.doubt ? "url(#ge-doubt)" : null]) {
        if (!paint) continue;
        context.fillStyle = geoequity.hatchings[paint]?.(context) || paint;
        context.fill("evenodd");
      }
    }
    if (options.stroke && options.weight > 0) {
      context.globalAlpha = options.opacity;
      context.lineWidth = options.weight;
      context.strokeStyle = options.color;
      context.lineJoin = "round";
      context.stroke();
    }
  },
});

geoequity.units = function (map, data, { click, hover }) {
  const many = data.districts.length > geoequity.MANY;
  const drawing = many ? new geoequity.Canvas({ padding: 0.1 }) : L.svg({ padding: 0.5 });
  const drawn = many ? { renderer: drawing, smoothFactor: 0.7, opacity: 0.6 } : { renderer: drawing, smoothFactor: 0, noClip: true };
  const borders = data.districts.map((district) => district.shape.map((polygon) => polygon.map(geoequity.unpack)));
  const rim = { ...drawn, interactive: false, fill: false };
  const edge = many ? { color: "#27303B", weight: 0.4 } : { color: "#FFFFFF", weight: 2 };

  if (!many) L.polygon(borders.flat(), { ...rim, color: "#5F6B7A", weight: 3.5 }).addTo(map);
  const paths = borders.map((shape, place) => {
    const path = L.polygon(shape, { ...drawn, className: "ge-district", ...edge, fillOpacity: 1 });
    path.on("click", (event) => click(place, event));
    path.on("mouseover", () => hover(place));
    path.on("mouseout", () => hover(null));
    path.addTo(map);
    path.getElement()?.setAttribute("data-district", data.districts[place].id);
    return path;
  });
  const overlaid = { ...drawn, interactive: false, stroke: false, fillColor: "url(#ge-doubt)", fillOpacity: 1 };
  const doubtful = many ? [] : borders.map((shape) => L.polygon(shape, overlaid));
  const rims = many ? null : L.polygon(borders.flat(), { ...rim, color: "#27303B", weight: 0.8, opacity: 0.5 });
  rims?.addTo(map); // white under grey: a border that shows on light and dark alike
  if (!many) geoequity.hatch(drawing._container, data.unknown);
  drawing._container.setAttribute("aria-hidden", "true"); // the list of districts says the same

  // Most districts stay as they are from one step to the next.
  function style(place, { colour, held, marked, faint, clear }) {
    const path = paths[place];
    const wanted = {
      fillColor: colour,
      color: held ? "#111418" : marked ? "#3A4350" : edge.color,
      weight: held ? 3 : marked ? 2.5 : edge.weight,
      fillOpacity: clear ? 0 : faint ? 0.2 : data.basemap ? 0.72 : 1,
    };
    if (many) wanted.opacity = held || marked ? 1 : drawn.opacity;
    const { options } = path;
    for (const name in wanted) {
      if (options[name] === wanted[name]) continue;
      path.setStyle(wanted);
      return;
    }
  }

  function raise(places) {
    rims?.bringToFront();
    for (const place of places) {
      paths[place].bringToFront();
      if (!many && map.hasLayer(doubtful[place])) doubtful[place].bringToFront();
    }
  }

  function doubt(place, on) {
    if (many) {
      if (Boolean(paths[place].options.doubt) !== on) paths[place].setStyle({ doubt: on });
    } else if (on) doubtful[place].addTo(map);
    else doubtful[place].remove();
  }

  function boundsOf(places) {
    const bounds = L.latLngBounds();
    for (const place of places) bounds.extend(paths[place].getBounds());
    return bounds;
  }

  const extent = boundsOf(paths.keys());
  return { paths, extent, boundsOf, style, raise, doubt };
};
