"""Gateways: sentences."""

from asyncchat.core.features.gateways import GatewayRefused
from asyncchat.text.sentences import FeatureText

TEXT = FeatureText(refusals={GatewayRefused: lambda r: f"This gateway is refused: {r.reason}."})
