"""API tokens, with which bots post over HTTP."""

from asyncchat.core import replies
from asyncchat.text.sentences import FeatureText

TEXT = FeatureText(refusals={replies.TokenRefused: lambda r: f"Not done: {r.why}."})
