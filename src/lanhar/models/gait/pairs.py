from typing import NamedTuple

from torch import Tensor


class Pair(NamedTuple):
    """A complex tensor as two real ones: complex types do not leave PyTorch for phones."""

    re: Tensor
    im: Tensor

    def times(self, other: "Pair") -> "Pair":
        """Product."""
        return Pair(self.re * other.re - self.im * other.im, self.re * other.im + self.im * other.re)

    def conj(self) -> "Pair":
        """Conjugate."""
        return Pair(self.re, -self.im)

    def power(self) -> Tensor:
        """Squared magnitude."""
        return self.re.square() + self.im.square()
