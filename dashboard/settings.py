"""What an operator can set, by flag or by environment variable."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from platformdirs import user_data_path
from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from cnn.jobs import Home


def _setting(default: object, env: str, description: str) -> object:
    names = AliasChoices(env.removeprefix("CNN_").lower(), env)
    return Field(default, validation_alias=names, description=description)


class Settings(BaseSettings):
    """The settings of the server and its workers; each can be an environment variable."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True)

    data_dir: Path = _setting(  # type: ignore[assignment]
        Path("data"), "CNN_DATA_DIR", "Folder in which data sets (MNIST) are looked for first"
    )
    home: Path = _setting(  # type: ignore[assignment]
        user_data_path("cnn-visualizer"), "CNN_HOME", "Folder for runs, the queue and logs"
    )
    model: Path | None = _setting(  # type: ignore[assignment]
        None, "CNN_MODEL", "Model to open (.keras or .h5); trained and saved there if missing"
    )
    redis_url: str | None = _setting(  # type: ignore[assignment]
        None, "CNN_REDIS_URL", "Redis for the queue; without it a local file and worker are used"
    )
    download: bool = _setting(  # type: ignore[assignment]
        True, "CNN_DOWNLOAD", "Whether MNIST is downloaded in the background when it is not found"
    )
    host: str = _setting("127.0.0.1", "HOST", "Address to listen on")  # type: ignore[assignment]
    port: int = _setting(8050, "PORT", "Port to listen on")  # type: ignore[assignment]

    @cached_property
    def jobs(self) -> Home:
        """The folder that web processes and workers share."""
        return Home(self.home.expanduser().resolve(), self.data_path, self.redis_url)

    @property
    def data_path(self) -> Path:
        """The data directory, absolute."""
        return self.data_dir.expanduser().resolve()


def environment(settings: Settings) -> dict[str, str]:
    """Return the settings as environment variables, for a process that is to have the same."""
    names = {name: env_name(name) for name in type(settings).model_fields}
    values = {env: getattr(settings, name) for name, env in names.items()}
    return {env: str(value) for env, value in values.items() if value is not None}


def env_name(field: str) -> str:
    """Return the environment variable of a setting."""
    alias = Settings.model_fields[field].validation_alias
    assert isinstance(alias, AliasChoices)
    return str(alias.choices[-1])
