"""Mathematics of graphs that clusterers share: nearest entries, spectral embedding."""

__all__: list[str] = []
