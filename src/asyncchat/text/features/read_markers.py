"""Read markers: up to where a person has read."""

from asyncchat.core.features.read_markers import NoReadMarker
from asyncchat.text.sentences import FeatureText

TEXT = FeatureText(refusals={NoReadMarker: lambda r: f"There is no {r.target}."})
