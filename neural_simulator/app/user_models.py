"""Takes in neuron models that users write: check, dry run, tables, and the folder that keeps them."""

from __future__ import annotations

from pathlib import Path

from ..base import paths
from ..base.declarations import NeuronModel
from ..base.errors import SimulatorError
from ..engine.judge import check_model
from ..files.atomic import write_text
from ..models.neurons import USER_MODELS, add_model, put_model, remove_model
from ..models.neurons.user import UserModel

TYPED = "model text"


def add_user_model(text: str, keep: bool = True, folder: Path | None = None) -> NeuronModel:
    """Read, check and dry-run the model that `text` declares; from then on it can be chosen like any other.

    With `keep` the text is written into `folder` (not given: the program's own `user_models/`), in place of the file
    that declared the same key before. Raises GrammarError, with the line, ConfigurationError or FileFormatError, and
    everything stays as it was then. Seconds on a machine's first run of a model: call it off the windows' thread.
    """
    before = dict(USER_MODELS)
    model = add_model(text, TYPED)
    former = before.get(model.key)
    try:
        check_model(model)
        path = former.path if former else None
        if keep:
            path = path or paths.ensure(folder or paths.USER_MODELS) / f"{model.key.lower()}.py"
            write_text(path, text)
    except SimulatorError:
        remove_model(model.key)
        if former:
            put_model(former)
        raise
    put_model(UserModel(model, text, path))
    return model


def forget_user_model(key: str) -> None:
    """Remove a user's model from the tables and its file from the folder; networks that exist keep it."""
    former = USER_MODELS.get(key)
    remove_model(key)
    if former and former.path:
        former.path.unlink(missing_ok=True)
