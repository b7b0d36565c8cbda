"""Profiles: all settings of a session as a JSON file that a person can read and edit.

    {"format": "neural-simulator profile", "version": 1, "description": "one line",
     "core": {...}, "view": {...}, "device": {...}}

`core`, `view` and `device` hold fields of CoreSimConfig, VisualizationConfig and GPUConfig; a field that is left out
has its default. The name of a profile is the name of its file. docs/profiles.md has the details.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args, get_origin

from ..base import paths
from ..base.errors import ConfigurationError, FileFormatError, SimulatorError
from ..config import Config, CoreSimConfig, GPUConfig, VisualizationConfig, allowed
from ..models.neurons import cell_types, neuron_model
from ..models.structures import STRUCTURES
from .atomic import reason, write_text
from .keys import nearest, refuse_unknown, shown
from .original import is_original, migrate

FORMAT = "neural-simulator profile"
VERSION = 1
SUFFIX = ".json"
DEFAULT_PROFILE = "small-1000x100"
SIZE_LIMIT = 1 << 25               # bytes; a profile has some thousand, one of the earlier program some per neuron
SECTIONS: dict[str, type[Config]] = {"core": CoreSimConfig, "view": VisualizationConfig, "device": GPUConfig}
KEYS = ("format", "version", "description", *SECTIONS)


@dataclass(frozen=True)
class Profile:
    """The settings of a session; `name` is the file's name without ending, `description` one line.

    `notes` are sentences on what a profile of the earlier program says and this one cannot take over.
    """

    core: CoreSimConfig = field(default_factory=CoreSimConfig)
    view: VisualizationConfig = field(default_factory=VisualizationConfig)
    device: GPUConfig = field(default_factory=GPUConfig)
    name: str = ""
    description: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ProfileEntry:
    """One file of the list of profiles; `problem` is a sentence when it cannot be loaded, else empty."""

    name: str
    path: Path
    description: str
    problem: str = ""


def load_profile(path: Path | str) -> Profile:
    """Read a profile.

    Raises FileFormatError when the file is missing, unreadable, not JSON, not a profile or newer than this program,
    and ConfigurationError, with the field, when it holds an unknown key, a wrong type or a value out of range.
    """
    path = Path(path)
    document = _parse(path, _read(path))
    if is_original(document):
        return _migrated(path, document)
    _check_format(path, document)
    try:
        refuse_unknown(document, KEYS, "")
        sections = {name: _section(document, name, owner) for name, owner in SECTIONS.items()}
        _check_cell_parameters(sections["core"])
        description = document.get("description", "")
        if not isinstance(description, str):
            raise ConfigurationError(f"description is {shown(description)}, but must be a text.", "description")
    except ConfigurationError as error:
        raise ConfigurationError(f"{path.name}: {error}", error.field, error.value) from None
    return Profile(**sections, name=path.stem, description=description)


def save_profile(profile: Profile, path: Path | str, keep_defaults: bool = True) -> None:
    """Write a profile atomically, replacing `path`; FileFormatError when the disk refuses.

    `keep_defaults`: write every field, so that the profile means the same when a later version of the program has
    other defaults; else only the fields that differ from their default, which is shorter to read.
    """
    document: dict[str, Any] = {"format": FORMAT, "version": VERSION, "description": profile.description}
    for name in SECTIONS:
        config: Config = getattr(profile, name)
        document[name] = config.model_dump(mode="json", exclude_defaults=not keep_defaults)
    if "stimuli" in document["core"]:                       # what tells a stimulus's class is no default of its own
        document["core"]["stimuli"] = [{"kind": stimulus.kind, **values} for stimulus, values in
                                       zip(profile.core.stimuli, document["core"]["stimuli"], strict=True)]
    write_text(path, json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def list_profiles(folder: Path | None = None) -> tuple[ProfileEntry, ...]:
    """Return the profiles in `folder` by name; other JSON files of this program are left out, broken ones named."""
    entries = []
    for path in sorted((folder or paths.PROFILES).glob(f"*{SUFFIX}")):
        if path.name.startswith(".") or _is_another_format(path):
            continue
        try:
            entries.append(ProfileEntry(path.stem, path, load_profile(path).description))
        except SimulatorError as error:
            entries.append(ProfileEntry(path.stem, path, "", str(error)))
    return tuple(entries)


def find_profile(name_or_path: str, folder: Path | None = None) -> Path:
    """Return the path of the profile called `name_or_path` in `folder`, or of that file.

    Raises FileFormatError naming the nearest known profile when there is neither.
    """
    folder = folder or paths.PROFILES
    named = folder / (name_or_path if name_or_path.endswith(SUFFIX) else name_or_path + SUFFIX)
    for path in (named, Path(name_or_path)):
        if path.is_file():
            return path
    known = [path.stem for path in sorted(folder.glob(f"*{SUFFIX}"))]
    hint = f"; the nearest known profile is {nearest(Path(name_or_path).stem, known)!r}" if known else ""
    raise FileFormatError(
        f"There is no profile {name_or_path!r}, neither in {folder} nor as a file{hint}.", name_or_path)


# ---- reading --------------------------------------------------------------------------------------------
def _read(path: Path) -> str:
    """Return the text of a small UTF-8 file."""
    if path.exists() and not path.is_file():
        raise FileFormatError(f"{path} is not a file; choose a profile (*{SUFFIX}).", path)
    try:
        if path.stat().st_size > SIZE_LIMIT:
            raise FileFormatError(f"{path} is not a profile: it is larger than {SIZE_LIMIT:,} bytes.", path)
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise FileFormatError(f"{path} cannot be read: {reason(error)}.", path) from error
    except UnicodeDecodeError as error:
        raise FileFormatError(f"{path} is not a profile: it is not text in UTF-8.", path) from error


def _parse(path: Path, text: str) -> dict[str, Any]:
    """Return the JSON object of a profile; duplicate keys, NaN and endless nesting are errors."""
    try:
        document = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise FileFormatError(
            f"{path} is not valid JSON: {error.msg} in line {error.lineno}, column {error.colno}.", path) from error
    except (ValueError, RecursionError) as error:
        why = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise FileFormatError(f"{path} is not a valid profile: {why}.", path) from error
    if not isinstance(document, dict):
        raise FileFormatError(f"{path} is not a profile: it holds {shown(document)} instead of an object.", path)
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build a JSON object, refusing a key that comes twice, because one of the values would be lost."""
    document: dict[str, Any] = {}
    for key, value in pairs:
        if key in document:
            raise ValueError(f"the key {key!r} comes twice")
        document[key] = value
    return document


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number")


def _check_format(path: Path, document: dict[str, Any]) -> None:
    """Raise FileFormatError unless the document says that it is a profile that this program can read."""
    if document.get("format") != FORMAT:
        found = shown(document["format"]) if "format" in document else "missing"
        raise FileFormatError(f"{path} is not a profile: its \"format\" is {found} instead of {FORMAT!r}.", path)
    version = document.get("version")
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise FileFormatError(f"{path} has no valid \"version\": a whole number from 1 to {VERSION} is needed.", path)
    if version > VERSION:
        raise FileFormatError(f"{path} has profile version {version}, but this program reads up to version {VERSION}; "
                              "update the program.", path)


def _migrated(path: Path, document: dict[str, Any]) -> Profile:
    """Return a profile of the earlier program as one of this one."""
    try:
        core, view, device, notes = migrate(document)
    except ConfigurationError as error:
        raise ConfigurationError(f"{path.name}: {error}", error.field, error.value) from None
    return Profile(core, view, device, path.stem, "A profile of the earlier program.", notes)


def _is_another_format(path: Path) -> bool:
    """Tell whether a JSON file says that it is something else of this program, such as tuning results."""
    try:
        found = _parse(path, _read(path)).get("format")
    except FileFormatError:
        return False
    return isinstance(found, str) and found != FORMAT and found.startswith("neural-simulator ")


# ---- checking -------------------------------------------------------------------------------------------
def _section(document: dict[str, Any], name: str, owner: type[Config]) -> Any:
    """Return the configuration in the section `name`; ConfigurationError names key and remedy."""
    values = document.get(name, {})
    if not isinstance(values, dict):
        raise ConfigurationError(f"{name} is {shown(values)}, but must be an object with fields.", name)
    refuse_unknown(values, owner.model_fields, f"{name}.")
    for key, value in values.items():
        if not _fits(owner.model_fields[key].annotation, value):
            title = owner.model_fields[key].title
            raise ConfigurationError(
                f"{name}.{key} ({title}) is {shown(value)}, but must be {allowed(owner, key)}.", key, value)
    return owner(**values)


def _fits(annotation: Any, value: Any) -> bool:
    """Tell whether a JSON value has the field's own type: a text is no number, and true is not 1."""
    if annotation is bool:
        return isinstance(value, bool)
    if annotation in (int, float):
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if get_origin(annotation) is dict and isinstance(value, dict):
        return all(_fits(get_args(annotation)[1], part) for part in value.values())
    if get_origin(annotation) is tuple and isinstance(value, list):
        return all(_fits(get_args(annotation)[0], part) for part in value)
    return True         # pydantic is strict enough about the rest


def _check_cell_parameters(core: CoreSimConfig) -> None:
    """Raise ConfigurationError for a custom value that the structure or the neuron model does not have."""
    region = STRUCTURES.get(core.neural_structure_profile)
    if region is not None:
        region.knob_values(core.structure_parameters)
    known = cell_types(core.neuron_model_type.value)
    for kind in ("excitatory", "inhibitory"):
        cell = known.get(getattr(core, f"{kind}_preset"))
        model = cell[0] if cell else neuron_model(core.neuron_model_type.value)
        refuse_unknown(getattr(core, f"{kind}_parameters"), [param.name for param in model.params],
                        f"core.{kind}_parameters.")
