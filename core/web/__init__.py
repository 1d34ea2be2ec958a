"""Page shell, design tokens, shared components, registries and the map module."""
