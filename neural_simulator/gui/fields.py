"""From a configuration field to what a form shows, and back: pure functions, no window."""

from __future__ import annotations

import math
import typing
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any

from ..app.projection_rules import exists
from ..base.declarations import Param, Population
from ..base.errors import ConfigurationError
from ..config import (
    PARAMETER,
    AnyConfig,
    Config,
    CoreSimConfig,
    ProjectionRules,
    TraitCells,
    allowed,
    bounds,
    describe,
    drive_scale_field,
    model_defaults,
    structure_defaults,
)
from ..models.neurons import NEURON_MODELS, cell_type, cell_types, neuron_model
from ..models.population_drive import offered
from ..models.receptors import RECEPTORS, SETTINGS
from ..models.structures import STRUCTURES
from ..models.structures.generic import GENERIC

# Fields whose values are called by long words in the form.
LONG_CHOICES = ("neuron_model_type", "neural_structure_profile", "excitatory_preset", "inhibitory_preset", "model",
                "preset", "recording_mode", "playback_mode")
CHOSEN = (*LONG_CHOICES, "receptor")            # texts that are chosen among what there is

NUMBER, SWITCH, CHOICE, NUMBERS, PARAMETERS = "number", "switch", "choice", "numbers", "parameters"
TEXT, WORDS, RULES = "text", "words", "rules"
TYPED = (NUMBER, NUMBERS, TEXT, WORDS)          # entered as text


@dataclass(frozen=True)
class Field:
    """What a form needs to know of one configuration field. `kind` is one of the words above."""

    name: str
    label: str
    unit: str
    group: str
    meaning: str
    accepts: str            # in words, e.g. "a number between 0 and 1"
    kind: str
    live: bool
    default: Any
    whole: bool = False     # whole numbers only
    optional: bool = False  # an empty input means that there is no value
    low: float | None = None
    high: float | None = None
    source: str = ""


def fields_of(owner: type[Config]) -> tuple[Field, ...]:
    """Return the fields that a form offers, in the order of their declaration."""
    return _fields_of(owner, tuple(NEURON_MODELS))


@cache
def _fields_of(owner: type[Config], models: tuple[str, ...]) -> tuple[Field, ...]:
    return tuple(_field(owner, name) for name in owner.model_fields if not describe(owner, name)["hidden"])


def _field(owner: type[Config], name: str) -> Field:
    info, extra = owner.model_fields[name], describe(owner, name)
    low, high = bounds(owner, name)
    return Field(name=name, label=info.title or name, unit=extra["unit"], group=extra["group"],
                 meaning=info.description or "", accepts=allowed(owner, name),
                 kind=CHOICE if name in CHOSEN else _kind(info.annotation),
                 live=extra["live"], default=info.get_default(call_default_factory=True),
                 whole=info.annotation in (int, tuple[int, ...]), low=low, high=high,
                 optional=type(None) in typing.get_args(info.annotation), source=extra["source"])


def _kind(annotation: Any) -> str:
    given = [each for each in typing.get_args(annotation) if each is not type(None)]
    if len(given) < len(typing.get_args(annotation)) and len(given) == 1:
        return _kind(given[0])
    origin = typing.get_origin(annotation)
    if annotation is str:
        return TEXT
    if annotation == tuple[str, ...]:
        return WORDS
    if annotation is bool:
        return SWITCH
    if annotation in (int, float):
        return NUMBER
    if origin is dict:
        return RULES if typing.get_origin(typing.get_args(annotation)[1]) is dict else PARAMETERS
    if origin is tuple:
        return NUMBERS
    return CHOICE


def choices(config: Config, name: str) -> tuple[str, ...]:
    """Return the values among which a CHOICE field of `config` may choose now."""
    annotation = type(config).model_fields[name].annotation
    if isinstance(config, TraitCells) and name in ("model", "preset"):
        return tuple(NEURON_MODELS) if name == "model" else ("", *cell_types(config.model.value))
    if name == "receptor":
        return tuple(RECEPTORS)
    if isinstance(config, CoreSimConfig):
        region = STRUCTURES.get(config.neural_structure_profile, GENERIC)
        if name == "neuron_model_type":
            return tuple(region.cells or NEURON_MODELS)
        if name == "neural_structure_profile":
            return tuple(STRUCTURES)
        if name.endswith("_preset") and region.cells:
            return tuple(cell.preset for cell in region.principal_cells(config.neuron_model_type.value))
        if name.endswith("_preset"):
            return tuple(cell_types(config.neuron_model_type.value))
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return tuple(member.value for member in annotation)
    return tuple(str(choice) for choice in typing.get_args(annotation))


def choice_labels(name: str, config: Config | None = None) -> dict[str, str]:
    """Return what a choice's values are called in the form, where that differs from the values themselves."""
    if name.endswith("_preset") and isinstance(config, CoreSimConfig):
        model = config.neuron_model_type.value
        known = cell_types(model)
        return {key: f"{key}: {known[key][1].label}" for key in choices(config, name) if key in known}
    if name == "preset" and isinstance(config, TraitCells):
        own = {key: f"{key}: {preset.label}" for key, (_, preset) in cell_types(config.model.value).items()}
        return {"": "As usual in a network", **own}
    if name == "receptor":
        return {key: receptor.label for key, receptor in RECEPTORS.items()}
    if name in ("neuron_model_type", "model"):
        return {key: model.label for key, model in list(NEURON_MODELS.items())}    # another thread may add one
    if name == "neural_structure_profile":
        return {key: structure.label for key, structure in STRUCTURES.items()}
    return {}


def matters(config: Config, name: str) -> bool:
    """Whether a field has any effect on the network that `config` describes; the form hides the others."""
    if isinstance(config, ProjectionRules):                    # a parameter of a rule that is off
        return bool(getattr(config, name.partition(PARAMETER)[0])) or PARAMETER not in name
    return not isinstance(config, CoreSimConfig) or not (name in unread(config) or (
        name.endswith("_external_drive_scale") and name != drive_scale_field(config.neuron_model_type.value)))


def unread(config: CoreSimConfig) -> frozenset[str]:
    """The fields in whose place the structure of `config` has numbers of its own."""
    region = STRUCTURES.get(config.neural_structure_profile, GENERIC)
    if not region.cells:
        return frozenset({"structure_parameters"})
    return frozenset({*GENERIC.reads, *SETTINGS} - set(region.reads))


def refit(config: AnyConfig, name: str) -> AnyConfig:
    """Return `config` as it must be after its field `name` has changed.

    Another structure or neuron model brings its own cells, time step, weights and drive, and a structure drops the
    rules of projections that it has not; another cell type drops custom values, and shortens a time step that it cannot
    be integrated with.
    """
    if isinstance(config, CoreSimConfig):
        if name == "neural_structure_profile":
            return _known_projections(_known_variations(config.changed(
                **structure_defaults(config.neural_structure_profile))))
        if name == "num_traits":
            return config.changed(population_drive={})                   # named populations may be gone
        if name == "neuron_model_type":
            return _known_variations(config.changed(**_model_in_structure(config)))
    if isinstance(config, TraitCells) and name in ("model", "preset"):
        return config.changed(parameters={}, **({"preset": ""} if name == "model" else {}))
    if isinstance(config, CoreSimConfig) and name in ("excitatory_preset", "inhibitory_preset"):
        model, preset = cell_type(config.neuron_model_type.value, getattr(config, name))
        dt_ms = min(config.dt_ms, preset.dt_ms or (model.default_dt_ms if config.dt_ms > model.max_dt_ms else 5.0))
        return _known_variations(config.changed(**{name.replace("_preset", "_parameters"): {}, "dt_ms": dt_ms,
                                                   "population_drive": {}}))
    return config


def _known_projections(config: AnyConfig) -> AnyConfig:
    """The configuration without rules of projections that are not in its network."""
    assert isinstance(config, CoreSimConfig)
    return config.changed(projection_learning={name: rules for name, rules in config.projection_learning.items()
                                               if exists(config, name)})


def _known_variations(config: AnyConfig) -> AnyConfig:
    """The configuration without variations of parameters that no cell of its network has."""
    assert isinstance(config, CoreSimConfig)
    known = {param.name for param, _, _ in _variations(config)}
    kept = {name: cv for name, cv in config.heterogeneity.items() if name in known}
    return config if kept == config.heterogeneity else config.changed(heterogeneity=kept)


def _model_in_structure(config: CoreSimConfig) -> dict[str, Any]:
    """The values that a newly chosen neuron model brings; a brain region keeps its size and its own values."""
    key, model = config.neural_structure_profile, config.neuron_model_type.value
    if not STRUCTURES.get(key, GENERIC).cells:
        return model_defaults(model)
    return {**structure_defaults(key, model), "num_neurons": config.num_neurons,
            "structure_parameters": config.structure_parameters}


def cell_parameters(config: Config, name: str) -> tuple[tuple[Param, float, float], ...]:
    """Return (parameter, its own value, the value in force) for all numbers that field `name` holds by name."""
    if name == "receptors":
        shares = getattr(config, name) or {}
        return tuple((Param(key, "", 0.0, 0.0, 100.0, receptor.label, "Its share of the weight; all 0: what background "
                                                                      "spikes open."), 0.0, shares.get(key, 0.0))
                     for key, receptor in RECEPTORS.items())
    if isinstance(config, TraitCells):
        return _of_cell(config.model.value, config.preset or None, config.parameters)
    assert isinstance(config, CoreSimConfig)
    if name == "heterogeneity":
        return _variations(config)
    if name == "structure_parameters":
        knobs = STRUCTURES.get(config.neural_structure_profile, GENERIC).knobs
        return tuple((knob, knob.default, config.structure_parameters.get(knob.name, knob.default)) for knob in knobs)
    if name == "population_drive":
        return tuple((param, own, config.population_drive.get(param.name, own))
                     for _, _, param, own in offered(_populations(config)))
    preset_name = getattr(config, name.replace("_parameters", "_preset"))
    if preset_name not in cell_types(config.neuron_model_type.value):      # the structure has cells of its own
        return ()
    return _of_cell(config.neuron_model_type.value, preset_name, getattr(config, name))


def _of_cell(key: str, name: str | None, custom: dict[str, float]) -> tuple[tuple[Param, float, float], ...]:
    model, cell = cell_type(key, name) if name else (neuron_model(key), None)
    preset = model.values(cell.name if cell else model.default_preset(True))
    return tuple((param, preset[param.name], custom.get(param.name, preset[param.name])) for param in model.params)


def models_of(config: CoreSimConfig) -> tuple[str, ...]:
    """The neuron models of the cells that a network of this configuration has."""
    region, main = STRUCTURES.get(config.neural_structure_profile, GENERIC), config.neuron_model_type.value
    if region.cells:
        return tuple(dict.fromkeys(cell.resolved[0].key for cell in region.cell_types(main).values()))
    known = cell_types(main)
    own = [known[name][0].key for name in (config.excitatory_preset, config.inhibitory_preset) if name in known]
    return tuple(dict.fromkeys([*own, *(cells.model.value for cells in config.trait_cells)]))


def _variations(config: CoreSimConfig) -> tuple[tuple[Param, float, float], ...]:
    """How much each parameter of the network's cells varies."""
    params = {param.name: param for key in models_of(config) for param in neuron_model(key).params}
    return tuple((Param(name, "", 0.0, 0.0, 1.0, param.label, f"Variation of {param.label.lower()}: standard deviation "
                        "divided by the mean. Each cell keeps its type."), 0.0, config.heterogeneity.get(name, 0.0))
                 for name, param in params.items())


def _populations(config: CoreSimConfig) -> list[Population]:
    """The populations of the network that `config` describes; none where it cannot be built."""
    region = STRUCTURES.get(config.neural_structure_profile, GENERIC)
    try:
        return region.build(config, lambda *space: 1.0)[0]               # their projections do not matter here
    except ConfigurationError:
        return []


def to_text(value: Any) -> str:
    """Return a number or a list of numbers as a user writes it."""
    if value is None:
        return ""
    if isinstance(value, tuple):
        return ", ".join(to_text(part) for part in value)
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def value_of(field: Field, text: str) -> Any:
    """Return what a user means by `text` in this field; text that means nothing is returned as it is."""
    if field.optional and not text.strip():
        return None
    if field.kind == TEXT:
        return text.strip()
    if field.kind == WORDS:
        return tuple(part.strip() for part in text.split(",") if part.strip())
    return from_text(text, whole=field.whole, many=field.kind == NUMBERS)


def from_text(text: str, whole: bool = False, many: bool = False) -> Any:
    """Return the number (or tuple of numbers) that a user wrote; text that is none is returned as it is.

    Commas group the digits of a whole number and separate the numbers of a list; spaces do not matter.
    """
    if many:
        parts = [from_text(part, whole) for part in text.split(",") if part.strip()]
        return tuple(parts) if all(isinstance(part, int | float) for part in parts) else text
    try:
        return _number(text, whole)
    except ValueError:
        return text


def _number(text: str, whole: bool) -> int | float:
    """Return the finite number that `text` means, as int where whole numbers are asked for; ValueError if none."""
    plain = text.replace(" ", "").replace("_", "")
    if whole:
        plain = plain.replace(",", "")
        if plain.lstrip("+-").isdigit():
            return int(plain)
    number = float(plain)
    if not math.isfinite(number):
        raise ValueError(text)
    return int(number) if whole and number.is_integer() else number


def source_of(config: Config, field: Field) -> str:
    """Where the equations or numbers that the field has or has chosen in `config` come from; '' where none is told."""
    if isinstance(config, CoreSimConfig):
        model, name = config.neuron_model_type.value, field.name
        if name == "neuron_model_type":
            return NEURON_MODELS[model].source
        if name == "neural_structure_profile":
            return STRUCTURES.get(config.neural_structure_profile, GENERIC).source
        if name.endswith(("_preset", "_parameters")):
            preset = getattr(config, name.replace("_parameters", "_preset"), "")
            return cell_type(model, preset)[1].source if preset in cell_types(model) else ""
    return field.source


def explanation(field: Field, config: Config) -> str:
    """Return the tooltip of a field: meaning, range, default, when a change takes effect, and the source."""
    default = f" Default: {to_text(field.default)} {field.unit}".rstrip() + "."
    if isinstance(config, ProjectionRules):
        default = " Default: as for all projections."
    elif field.kind in (PARAMETERS, RULES):
        default = ""
    effect = "Takes effect at once." if field.live else "Takes effect with Apply Changes & Reset Sim."
    return (f"{field.meaning}\n{field.accepts[:1].upper()}{field.accepts[1:]}.{default}\n{effect}"
            + told_source(source_of(config, field)))


def told_source(source: str) -> str:
    """The last line of a tooltip: the source, where there is one."""
    return f"\nSource: {source}." if source else ""
