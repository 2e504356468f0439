from lanhar.losses.clip import ClipLoss
from lanhar.losses.information import InformationMaximisation
from lanhar.losses.multi_positive import MultiPositiveContrastive
from lanhar.losses.prototype import PrototypeCrossEntropy
from lanhar.losses.reconstruction import TokenReconstruction
from lanhar.losses.triplet import BatchTriplet

__all__ = [
    "BatchTriplet",
    "ClipLoss",
    "InformationMaximisation",
    "MultiPositiveContrastive",
    "PrototypeCrossEntropy",
    "TokenReconstruction",
]
