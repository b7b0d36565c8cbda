"""The neuron models. To add one: write its file and add its line here."""

from __future__ import annotations

from ...base.declarations import NeuronModel
from ...base.errors import ConfigurationError
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
from .izhikevich2003 import IZHIKEVICH_2003
from .izhikevich2007 import IZHIKEVICH_2007
from .izhikevich_extended import IZHIKEVICH_EXTENDED
from .lif import LIF
from .lif_conductance import LIF_CONDUCTANCE
from .lif_currents import LIF_CURRENTS
from .lif_delta import LIF_DELTA

NEURON_MODELS: dict[str, NeuronModel] = {model.key: model for model in (
    IZHIKEVICH_2007,
    IZHIKEVICH_EXTENDED,
    IZHIKEVICH_2003,
    HODGKIN_HUXLEY,
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


def neuron_model(key: str) -> NeuronModel:
    """Return the model called `key`; ConfigurationError lists those there are."""
    try:
        return NEURON_MODELS[key]
    except KeyError:
        known = ", ".join(NEURON_MODELS)
        raise ConfigurationError(f"There is no neuron model {key!r} yet; choose one of: {known}.",
                                 "neuron_model_type", key) from None
