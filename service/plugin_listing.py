"""The plugins as callers from outside are told of them."""

from __future__ import annotations

import logging
from dataclasses import replace

from trackspeak.plugins.registry import PluginInfo, list_plugins

from .problems import without_folders

_log = logging.getLogger(__name__)


def shown_plugins() -> list[PluginInfo]:
    """List the plugins, broken ones too."""
    return [_without_paths(plugin) for plugin in list_plugins()]


def _without_paths(plugin: PluginInfo) -> PluginInfo:
    """Say why a plugin is broken without the folders of the server's files, which are for the log alone."""
    if plugin.error is None:
        return plugin
    _log.warning("%s %s is broken: %s", plugin.kind, plugin.name, plugin.error)
    return replace(plugin, error=without_folders(plugin.error))
