"""Web push: why a device is not subscribed. Only programs ask for it."""

from asyncchat.core.features.webpush import PushRefused
from asyncchat.text.sentences import FeatureText

TEXT = FeatureText(refusals={PushRefused: lambda r: f"Not done: {r.fault.text}."})
