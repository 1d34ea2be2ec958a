"""Addresses of the map: page, tiles, features, legend, measuring, basemap."""

from django.urls import path

from core.web import map_basemap, map_features, map_legend, map_measure, map_page, tiles

urlpatterns = [
    path("map/", map_page.page, name="map"),
    path("map/at/", map_features.at, name="map_at"),
    path("map/labels/", map_page.labels, name="map_labels"),
    path("map/measure/", map_measure.measure, name="map_measure"),
    path("map/card/<str:layer>/<str:code>/", map_features.card, name="map_card"),
    path("map/features/<str:layer>/", map_features.features, name="map_features"),
    path("map/legend/<str:layer>/", map_legend.legend, name="map_legend"),
    path("tiles/<str:layer>/<str:z>/<str:x>/<str:y>.mvt", tiles.tile, name="tiles"),
    path("tiles/<path:rest>", tiles.malformed),
    path("basemap/<str:kind>/<str:z>/<str:x>/<str:y>", map_basemap.basemap, name="basemap"),
]
