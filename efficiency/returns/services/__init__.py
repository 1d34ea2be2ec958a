"""The only writers of returns and of what derives from them."""

from efficiency.returns.services.deriving import refresh_land, refresh_plot_figures

__all__ = ["refresh_land", "refresh_plot_figures"]
