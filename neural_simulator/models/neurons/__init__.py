"""The neuron models. To add one: write its file and add its line here."""

from __future__ import annotations

from pathlib import Path

from ...base.declarations import NeuronModel, Preset
from ...base.errors import ConfigurationError, GrammarError
from .adex import ADEX
from .hh_basal_ganglia import HH_PALLIDAL, HH_SUBTHALAMIC
from .hh_ca1 import HH_CA1
from .hh_ca3 import HH_CA3
from .hh_calcium import HH_CALCIUM
from .hh_reticular import HH_RETICULAR
from .hh_squid import HH_SQUID
from .hh_striatal import HH_STRIATAL
from .hh_thalamic_relay import HH_THALAMIC_RELAY
from .hh_wang_buzsaki import HH_WANG_BUZSAKI
from .hodgkin_huxley import HODGKIN_HUXLEY
from .hodgkin_huxley_rk4 import HODGKIN_HUXLEY_RK4
from .izhikevich2003 import IZHIKEVICH_2003
from .izhikevich2007 import IZHIKEVICH_2007
from .izhikevich_extended import IZHIKEVICH_EXTENDED
from .lif import LIF
from .lif_conductance import LIF_CONDUCTANCE
from .lif_currents import LIF_CURRENTS
from .lif_delta import LIF_DELTA
from .user import MAX_TEXT, UserModel, read_model

NEURON_MODELS: dict[str, NeuronModel] = {model.key: model for model in (
    IZHIKEVICH_2007,
    IZHIKEVICH_EXTENDED,
    IZHIKEVICH_2003,
    HODGKIN_HUXLEY,
    HODGKIN_HUXLEY_RK4,
    HH_CALCIUM,
    HH_THALAMIC_RELAY,
    HH_RETICULAR,
    HH_CA1,
    HH_CA3,
    HH_WANG_BUZSAKI,
    HH_STRIATAL,
    HH_SUBTHALAMIC,
    HH_PALLIDAL,
    HH_SQUID,
    ADEX,
    LIF,
    LIF_CURRENTS,
    LIF_DELTA,
    LIF_CONDUCTANCE,
)}
BUILT_IN = tuple(NEURON_MODELS)

# The models that users wrote, by key; they stand in NEURON_MODELS too.
USER_MODELS: dict[str, UserModel] = {}


# What a user finds who chooses a model by its plain name: cell types of its relatives, each a model of its own because
# it has other currents. Name -> (model, preset).
FAMILIES: dict[str, dict[str, tuple[str, str]]] = {
    "IZHIKEVICH": {name: ("IZHIKEVICH_EXTENDED", name) for name in
                   ("LTS", "TC", "RTN", "CA1_STRONG", "CA1_WEAK", "PV")},
    "HODGKIN_HUXLEY": {
        "IB": ("HH_CALCIUM", "IB"),
        "IBR": ("HH_CALCIUM", "IBR"),
        "LTS": ("HH_CALCIUM", "LTS"),
        "TC": ("HH_THALAMIC_RELAY", "TC"),
        "TC_DELTA": ("HH_THALAMIC_RELAY", "TC_DELTA"),
        "TRN": ("HH_RETICULAR", "TRN"),
        "CA1": ("HH_CA1", "CA1"),
        "CA1_ZERO_CA": ("HH_CA1", "CA1_ZERO_CA"),
        "CA3": ("HH_CA3", "CA3"),
        "FS_HIPPOCAMPAL": ("HH_WANG_BUZSAKI", "FS"),
        "MSN": ("HH_STRIATAL", "MSN"),
        "STN": ("HH_SUBTHALAMIC", "STN"),
        "STN_BURST": ("HH_SUBTHALAMIC", "STN_BURST"),
        "GPE": ("HH_PALLIDAL", "GPE"),
        "GPE_EPISODIC": ("HH_PALLIDAL", "GPE_EPISODIC"),
        "SQUID": ("HH_SQUID", "SQUID"),
    },
}

# Names of the same cell types in scripts that were written for the original program.
FORMER_NAMES: dict[str, str] = {
    "RS_CORTICAL_PYRAMIDAL": "RS",
    "FS_CORTICAL_INTERNEURON": "FS",
    "HH_L5_CORTICAL_PYRAMIDAL_RS": "RS",
    "HH_THALAMIC_RELAY_TBURST": "TC",
    "HH_TRN_BURST_INHIB": "TRN",
    "HH_CA1_PYRAMIDAL_BURST": "CA1",
    "HH_CA3_PYRAMIDAL_BURST": "CA3",
    "HH_STRIATAL_MSN": "MSN",
    "HH_STN_BURST": "STN_BURST",
    "HH_GPE_PACEMAKER": "GPE",
    "HH_EXCITATORY_DEFAULT_LEGACY": "SQUID",
}


def neuron_model(key: str) -> NeuronModel:
    """Return the model called `key`; ConfigurationError lists those there are."""
    try:
        return NEURON_MODELS[key]
    except KeyError:
        known = ", ".join(NEURON_MODELS)
        raise ConfigurationError(f"There is no neuron model {key!r} yet; choose one of: {known}.",
                                 "neuron_model_type", key) from None


def cell_types(key: str) -> dict[str, tuple[NeuronModel, Preset]]:
    """Everything that may be chosen as a cell of model `key`, by name: its own presets, then its family's."""
    model = neuron_model(key)
    found = {preset.name: (model, preset) for preset in model.presets}
    for name, (other, preset) in FAMILIES.get(key, {}).items():
        relative = neuron_model(other)
        found[name] = relative, relative.preset(preset)
    return found


def cell_type(key: str, name: str) -> tuple[NeuronModel, Preset]:
    """The cell `name` of model `key` or of its family; ConfigurationError lists those there are."""
    known = cell_types(key)
    chosen = name if name in known else FORMER_NAMES.get(name, name)
    if chosen not in known:
        raise ConfigurationError(f"{neuron_model(key).label} has no preset {name!r}; choose one of: "
                                 f"{', '.join(known)}.", "preset", name)
    return known[chosen]


# ---- models that users wrote
def add_model(text: str, name: str, path: Path | None = None) -> NeuronModel:
    """Read the model in `text`, called `name` in errors, into the tables; one of the same key takes its place.

    `path` is the file that holds the text. Raises GrammarError, with the line, and leaves the tables as they are.
    """
    model = read_model(text, name)
    if model.key in BUILT_IN:
        raise GrammarError(f"{name}: the key {model.key} is that of a built-in model; choose another one.")
    put_model(UserModel(model, text, path))
    return model


def put_model(entry: UserModel) -> None:
    """Let the tables hold this model under its key."""
    NEURON_MODELS[entry.model.key] = entry.model
    USER_MODELS[entry.model.key] = entry


def remove_model(key: str) -> None:
    """Forget the user's model `key`; networks that exist keep it."""
    if USER_MODELS.pop(key, None) is not None:
        del NEURON_MODELS[key]


def load_models(folder: Path) -> dict[str, str]:
    """Read every model file (*.py) in `folder` into the tables; return what is wrong, by file name.

    A missing folder holds none. The first of two files with one key counts.
    """
    problems: dict[str, str] = {}
    found: set[str] = set()
    for path in sorted(folder.glob("[!._]*.py")):
        try:
            with path.open(encoding="utf-8") as file:
                text = file.read(MAX_TEXT + 1)
            key = read_model(text, path.name).key
            if key in found:
                raise GrammarError(f"{path.name}: another file declares the key {key} already.")
            found.add(add_model(text, path.name, path).key)
        except GrammarError as error:
            problems[path.name] = str(error)
        except (OSError, UnicodeDecodeError) as error:
            problems[path.name] = f"{path.name} cannot be read: {error}."
    return problems
