// Numbers as Python rounds and writes them, so that the page gives the same rates and the same reasons.

/** Nearest whole number; halves go to the even one. */
export function roundHalfEven(value) {
  const down = Math.floor(value);
  const rest = value - down;
  if (rest !== 0.5) return rest < 0.5 ? down : down + 1;
  return down % 2 === 0 ? down : down + 1;
}

/** A number with some digits behind the point, like f"{value:.1f}": exact halves go to the even digit. */
export function fixed(value, digits) {
  const exact = Math.abs(value).toFixed(digits + 30);
  const cut = exact.length - 30;
  const half = exact[cut] === "5" && /^0*$/.test(exact.slice(cut + 1));
  const even = Number(exact[cut - 1] === "." ? exact[cut - 2] : exact[cut - 1]) % 2 === 0;
  if (!half || !even) return value.toFixed(digits);
  const text = digits ? exact.slice(0, cut) : exact.slice(0, cut - 1);
  return value < 0 ? `-${text}` : text;
}

/** A number as short as it can be, like f"{value:g}", or f"{value:.3g}" with three digits. */
export function general(value, most = 6) {
  const [digits, exponent] = value.toExponential(most - 1).split("e");
  const power = Number(exponent);
  if (power >= -4 && power < most) return String(Number(value.toPrecision(most)));
  const sign = power < 0 ? "-" : "+";
  return `${Number(digits)}e${sign}${String(Math.abs(power)).padStart(2, "0")}`;
}

/** A share as whole per cent, like f"{share:.0%}". */
export const percent = (share) => `${fixed(share * 100, 0)}%`;
