"""The neuron models. To add one: write its file and add its line here."""

from __future__ import annotations

from ...base.declarations import NeuronModel
from ...base.errors import ConfigurationError
from .hh_calcium import HH_CALCIUM
from .hh_reticular import HH_RETICULAR
from .hh_squid import HH_SQUID
from .hh_thalamic_relay import HH_THALAMIC_RELAY
from .hodgkin_huxley import HODGKIN_HUXLEY
from .izhikevich2007 import IZHIKEVICH_2007
from .lif import LIF

NEURON_MODELS: dict[str, NeuronModel] = {model.key: model for model in (
    IZHIKEVICH_2007,
    HODGKIN_HUXLEY,
    HH_CALCIUM,
    HH_THALAMIC_RELAY,
    HH_RETICULAR,
    HH_SQUID,
    LIF,
)}


def neuron_model(key: str) -> NeuronModel:
    """Return the model called `key`; ConfigurationError lists those there are."""
    try:
        return NEURON_MODELS[key]
    except KeyError:
        known = ", ".join(NEURON_MODELS)
        raise ConfigurationError(f"There is no neuron model {key!r} yet; choose one of: {known}.",
                                 "neuron_model_type", key) from None
