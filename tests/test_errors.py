"""The tree of errors: each is ours and a builtin, and carries what failed."""

import pytest

from geoequity import errors


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (errors.ConfigError("x"), ValueError),
        (errors.SourceError("x"), RuntimeError),
        (errors.DataError("x"), ValueError),
        (errors.CRSError("x"), ValueError),
        (errors.CoverageError("x", share=0.5), ValueError),
    ],
)
def test_errors_are_ours_and_builtin(error: Exception, builtin: type[Exception]) -> None:
    assert isinstance(error, errors.GeoEquityError)
    assert isinstance(error, builtin)
    assert str(error) == "x"


def test_errors_carry_what_failed() -> None:
    assert errors.ConfigError("city.toml: 2 faults", faults=["a", "b"]).faults == ("a", "b")
    assert errors.SourceError("x", source="file").source == "file"
    assert errors.CRSError("x", ids=["a"]).ids == ("a",)
    assert errors.CoverageError("x", share=0.5).share == 0.5
    assert errors.DataWarning("x", ids=range(2)).ids == (0, 1)


def test_a_config_error_lists_its_faults() -> None:
    error = errors.ConfigError("city.toml: 2 faults", faults=["a: missing", "b: unknown key"])
    assert str(error) == "city.toml: 2 faults\n  - a: missing\n  - b: unknown key"


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, ""), (1, "0"), (5, "0, 1, 2, 3, 4"), (6, "0, 1, 2, 3, 4 and 1 more")],
)
def test_the_first_ids_are_shown(number: int, text: str) -> None:
    assert errors.shown(range(number)) == text


def test_a_file_that_was_cut_up_wrongly_does_not_fill_the_screen() -> None:
    assert errors.shown(["a" * 200, "b" * 201]) == f"{'a' * 200}, {'b' * 200}…"
