"""Static files with a hash in their name and compressed copies beside them."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class ManifestStorage(CompressedManifestStaticFilesStorage):
    """Rewrites url() and @import in style sheets and imports in our own ES modules; leaves npm packages' scripts alone.

    Django's own rules also follow `sourceMappingURL` comments and stop at the first missing .map file; npm packages
    name maps that we do not serve, so those rules are dropped.  A module imported under its hashed name can never be
    mixed with an older one from the browser's cache.
    """

    patterns = (
        (
            "*.css",
            (
                r"""(?P<matched>url\(['"]{0,1}\s*(?P<url>.*?)["']{0,1}\))""",
                (r"""(?P<matched>@import\s*["']\s*(?P<url>.*?)["'])""", """@import url("%(url)s")"""),
            ),
        ),
        # fnmatch: every script whose path does not begin with the n of npm/; no app's static folder begins with n.
        ("[!n]*.js", CompressedManifestStaticFilesStorage._js_module_import_aggregation_patterns[1]),
    )
