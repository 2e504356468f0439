"""One file of a user's recordings to a table of numbers: CSV and other text, Parquet, MAT."""

import difflib
import re
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lanhar.datasets.recordings_spec import TIME_UNITS, Column, Format
from lanhar.errors import LanharError

TIME_OF_DAY = r"\d{1,2}:\d{2}:\d{2}(\.\d+)?"


def read_table(path: Path, form: Format, *, by_name: bool) -> pd.DataFrame:
    """All columns of a file, under their names or, where there is no header, under their numbers.

    Args:
        path: a `.parquet` or `.mat` file; anything else is text.
        form: how it is written.
        by_name: whether the spec calls columns by name, so that text has a header unless `form` says no.

    Raises:
        LanharError: the file cannot be read that way.
    """
    try:
        if path.suffix == ".parquet":
            return pd.read_parquet(path)
        if path.suffix == ".mat":
            return _read_mat(path, form)
        return _read_text(path, form, by_name if form.header is None else form.header)
    except (ValueError, OSError, NotImplementedError) as error:
        raise LanharError(f"{path} cannot be read: {' '.join(str(error).split())}") from error


def _read_text(path: Path, form: Format, header: bool) -> pd.DataFrame:
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        first = next((line for n, line in enumerate(file) if n >= form.skip_rows and line.strip()), "")
    if not first:
        raise LanharError(f"{path} has no rows below the first {form.skip_rows}; list it under exclude")
    table = pd.read_csv(
        path,
        sep=form.separator or _separator(first),
        decimal=form.decimal,
        header=0 if header else None,
        skiprows=form.skip_rows,
        encoding="utf-8-sig",
        skipinitialspace=True,
        low_memory=False,
        index_col=False,
    )
    return table.rename(columns=str.strip) if header else table


def _separator(line: str) -> str:
    """Tab, semicolon (more than the one that ends a line), comma, or blanks."""
    if "\t" in line:
        return "\t"
    if line.strip().rstrip(";").count(";"):
        return ";"
    return "," if "," in line else r"\s+"


def _read_mat(path: Path, form: Format) -> pd.DataFrame:
    from scipy.io import loadmat

    content = {k: v for k, v in loadmat(path, squeeze_me=True).items() if not k.startswith("__")}
    if form.field is None:
        length = max((np.size(v) for v in content.values()), default=0)
        usable = {k: v for k, v in content.items() if np.ndim(v) == 0 or np.shape(v) == (length,)}
        return pd.DataFrame(usable, index=range(length))
    if form.field not in content:
        raise LanharError(
            f"{path} has no field '{form.field}'{_near(form.field, content)}; it has {', '.join(content) or 'none'}"
        )
    matrix = np.asarray(content[form.field])
    if matrix.ndim != 2:
        raise LanharError(f"{path}: field '{form.field}' has shape {matrix.shape}, not samples × columns")
    return pd.DataFrame(matrix)


def column(table: pd.DataFrame, name: Column, path: Path, key: str) -> "pd.Series[Any]":
    """One column by its name, or by its number even where the columns have names.

    Raises:
        LanharError: there is no such column.
    """
    if name in table.columns:
        return table[name]
    if isinstance(name, int) and name < table.shape[1]:
        return table.iloc[:, name]
    have = [str(c) for c in table.columns]
    near = _near(str(name), have)
    raise LanharError(f"{path} has no column '{name}' ({key}){near}; it has {', '.join(have)}")


def numbers(table: pd.DataFrame, names: Iterable[Column], path: Path, key: str) -> NDArray[np.float64]:
    """(T, C) numbers of some columns; empty cells become NaN, a `;` that ends a row is no part of a number.

    Raises:
        LanharError: a cell holds something else than a number.
    """
    columns = []
    for name in names:
        raw = column(table, name, path, key)
        if not pd.api.types.is_numeric_dtype(raw):
            text = raw.astype("string").fillna("").str.strip().str.rstrip(";")
            raw = pd.to_numeric(text, errors="coerce")
            bad = raw.isna().to_numpy() & ~text.str.lower().isin(["", "nan"]).to_numpy()
            if bad.any():
                row = int(np.flatnonzero(bad)[0])
                raise LanharError(
                    f"{path}: row {row} of column '{name}' ({key}) is '{text.iloc[row]}', no "
                    "number; is it a header (format.skip_rows) or a decimal comma?"
                )
        columns.append(raw.to_numpy(dtype=np.float64, na_value=np.nan))
    return np.stack(columns, axis=1)


def seconds(table: pd.DataFrame, name: Column, unit: str, path: Path) -> NDArray[np.float64]:
    """(T,) time stamps in seconds.

    Raises:
        LanharError: a stamp is no number, or no date where the unit is `datetime`.
    """
    if unit != "datetime":
        return numbers(table, [name], path, "time.column")[:, 0] * TIME_UNITS[unit]
    raw = column(table, name, path, "time.column")
    try:
        return _clock_times(raw)
    except (ValueError, TypeError) as error:
        found = raw.iloc[0] if len(raw) else "nothing"
        raise LanharError(
            f"{path}: column '{name}' has no dates: it begins with '{found}'; write dates such as 2024-05-31 "
            "12:00:00.020 or times such as 12:00:00.020, or give time.unit as s, ms, us or ns"
        ) from error


def _clock_times(raw: "pd.Series[Any]") -> NDArray[np.float64]:
    """(T,) seconds of dates with times, or of times of day alone."""
    if not pd.api.types.is_datetime64_any_dtype(raw) and raw.astype("string").str.fullmatch(TIME_OF_DAY).all():
        return np.asarray(pd.to_timedelta(raw.astype(str)) / pd.Timedelta(seconds=1), dtype=np.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # pandas' advice to its own callers
        try:
            # Python and others leave the fraction out where it is zero: every stamp has its own form.
            stamps = pd.to_datetime(raw, utc=True, format="ISO8601")
        except ValueError:
            stamps = pd.to_datetime(raw, utc=True)
    return np.asarray((stamps - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(seconds=1), dtype=np.float64)


def texts(table: pd.DataFrame, name: Column, path: Path, key: str) -> NDArray[np.object_]:
    """(T,) labels as texts; 1.0 reads as 1, an empty cell as ''."""
    raw = column(table, name, path, key)
    found = raw.astype("string").fillna("").str.strip()
    if pd.api.types.is_float_dtype(raw):
        found = found.map(lambda text: re.sub(r"\.0$", "", text))
    return found.to_numpy(dtype=object)


def _near(word: str, have: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(have), n=1, cutoff=0.5)
    return f", did you mean '{near[0]}'?" if near else ""
