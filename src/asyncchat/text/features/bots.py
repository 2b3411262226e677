"""API tokens, with which bots post over HTTP."""

from asyncchat.core.features.bots import TokenRefused
from asyncchat.text.sentences import FeatureText

TEXT = FeatureText(refusals={TokenRefused: lambda r: f"Not done: {r.why}."})
