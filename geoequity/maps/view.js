// The part of the map that is seen: the whole city until the reader moves it, and never beneath a card or a story.
"use strict";

geoequity.view = function (map, { extent, boundsOf, at, narrow, calm }) {
  let home = true;
  let moving = false; // by the page, not by the reader

  function move(how) {
    moving = true;
    how();
    moving = false;
  }

  function goHome() {
    const start = at("story-start").getBoundingClientRect(); // on a phone it stands below the city, not upon it
    const below = narrow.matches && start.height ? map.getContainer().getBoundingClientRect().bottom - start.top : 0;
    const low = Math.min(below, map.getSize().y / 3);
    move(() => map.fitBounds(extent, { paddingTopLeft: [18, 18], paddingBottomRight: [18, 18 + low], animate: false }));
    home = true;
  }

  // After the window, or what stands beside the map, has another size.
  function settle() {
    move(() => map.invalidateSize({ pan: false, animate: false }));
    if (home) goHome();
  }

  function go({ zoom, lat, lon }) {
    map.setView([lat, lon], Math.max(zoom, map.getMinZoom()), { animate: false });
    if (!map.getBounds().intersects(extent)) goHome(); // nothing is to be seen there
  }

  // Brings a district into the part of the map that the card leaves free.
  function reveal(place) {
    settle();
    if (!home || narrow.matches) move(() => showWithin(boundsOf([place])));
  }

  function showWithin(bounds) {
    const below = map.getContainer().getBoundingClientRect().bottom;
    const covered = narrow.matches ? Math.max(below - at("card").getBoundingClientRect().top, 0) : 0;
    const low = Math.min(covered, Math.max(map.getSize().y - 100, 0)); // a sliver at least stays free
    const seen = map.getPixelBounds();
    const box = L.bounds(map.project(bounds.getSouthWest()), map.project(bounds.getNorthEast()));
    const free = L.bounds(seen.min.add([10, 10]), seen.max.subtract([10, 10 + low]));
    if (free.contains(box)) return;
    if (box.getSize().x < free.getSize().x && box.getSize().y < free.getSize().y) {
      const shift = L.point(
        Math.min(0, box.min.x - free.min.x) + Math.max(0, box.max.x - free.max.x),
        Math.min(0, box.min.y - free.min.y) + Math.max(0, box.max.y - free.max.y),
      );
      map.panBy(shift, { animate: !calm });
    } else {
      map.fitBounds(bounds, { paddingTopLeft: [20, 20], paddingBottomRight: [20, 20 + low], animate: false });
    }
  }

  // Moves to some districts, or to the whole city, beside the words of the story.
  function tell(places) {
    const box = map.getContainer().getBoundingClientRect();
    const words = at("story").getBoundingClientRect();
    const below = narrow.matches ? Math.min(box.bottom - words.top, box.height / 2) : 0;
    const beside = narrow.matches ? 0 : Math.min(words.right - box.left, box.width / 2);
    const free = { paddingTopLeft: [20 + beside, 20], paddingBottomRight: [20, 20 + below] };
    const nearest = map.getBoundsZoom(extent) + 2;
    move(() => map.flyToBounds(places.length ? boundsOf(places) : extent, { ...free, maxZoom: nearest, animate: !calm, duration: 0.7 }));
    home = false;
  }

  // On a sheet of another shape the same part is seen.
  const fit = (bounds) => move(() => map.fitBounds(home ? extent : bounds, { animate: false, padding: [4, 4] }));

  map.on("movestart", () => {
    if (!moving) home = false;
  });
  at("in").addEventListener("click", () => map.zoomIn());
  at("out").addEventListener("click", () => map.zoomOut());
  at("home").addEventListener("click", goHome);
  return { goHome, settle, go, reveal, tell, fit, isHome: () => home };
};
