"""Read markers: up to where a person has read."""

from asyncchat.core.features.read_markers import NoMark
from asyncchat.text.sentences import FeatureText

TEXT = FeatureText(refusals={NoMark: lambda r: f"There is no {r.target}."})
